import { connect, type Room } from '#libs/client';
import type { Hand, RockPaperScissors } from '../src/rock-paper-scissors.js';

export async function play(name: string, choose: (round: number) => Promise<Hand>): Promise<void> {
  const session = await connect('ws://127.0.0.1:7000/play', { name });
  const room: Room<RockPaperScissors> = await session.quickMatch<RockPaperScissors>('rock-paper-scissors');

  let shownIn = 0;
  room.on('change', async ({ round, wins }) => {
    if (round === shownIn) return;
    shownIn = round;
    console.log(`round ${round}, ${wins.join(' to ')}`);
    await room.send('show', { hand: await choose(round) }).catch((error) => console.log(error.code));
  });
  room.on('event', ({ name, data }) => console.log(name, data));
  room.on('pause', () => console.log('one moment …'));
  room.on('end', ({ result }) => console.log('over:', result));
}

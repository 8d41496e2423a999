import { connect, type Room, type Session } from '@holdfast/client';
import type { Hand, Match, RockPaperScissors } from '../src/rock-paper-scissors.js';

/** @param url such as `ws://127.0.0.1:7000/play` */
export async function play(url: string, name: string, choose: (round: number) => Promise<Hand>): Promise<Session> {
  const session = await connect(url, { name });
  const room: Room<RockPaperScissors> = await session.quickMatch<RockPaperScissors>('rock-paper-scissors');

  let shownIn = 0;
  const show = async ({ round, wins }: Match): Promise<void> => {
    if (round === shownIn) return;
    shownIn = round;
    console.log(`round ${round}, ${wins.join(' to ')}`);
    await room.send('show', { hand: await choose(round) }).catch((error) => console.log(error.code));
  };
  room.on('change', show);
  // The first state may be here already.
  if (room.state) void show(room.state);
  room.on('event', ({ name, data }) => console.log(name, data));
  room.on('pause', () => console.log('one moment …'));
  room.on('end', ({ result }) => console.log('over:', result));
  return session;
}

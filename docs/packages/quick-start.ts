import { connect } from '@holdfast/client';
import type { TicTacToe } from './tic-tac-toe.js'; // the class of the game: only its types

/** Makes the first move in a match with another player. @param url such as `ws://127.0.0.1:7000/play` */
export async function playFirstMove(url: string): Promise<void> {
  const session = await connect(url, { name: 'Ann' });
  const room = await session.quickMatch<TicTacToe>('tic-tac-toe');
  room.on('change', ({ cells }) => console.log(cells));
  await room.waitFor(({ state, seat }) => state?.turn === seat);
  await room.send('place', { cell: 4 }); // settles when the move is durable; rejects with the game's code
  session.detach();
}

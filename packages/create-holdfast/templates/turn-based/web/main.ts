import './board.css';
import type { Room } from '@holdfast/client';
// Imports only types, because the rules run on the server.
import type { TicTacToe, TicTacToeResult } from '../src/games/tic-tac-toe/tic-tac-toe.js';
import { open, show } from './page.js';

open<TicTacToe>('tic-tac-toe', async (room, game) => {
  const cells = Array.from({ length: 9 }, (_, cell) => {
    const button = document.createElement('button');
    button.className = 'cell';
    button.ariaLabel = `cell ${cell + 1}`;
    button.addEventListener('click', () => {
      // Settles when the move is durable. Rejects with the code of the rules when it is refused.
      room.send('place', { cell }).catch(({ code }) => show(`Refused: ${code}`));
    });
    return button;
  });
  const board = document.createElement('div');
  board.className = 'board';
  board.append(...cells);
  game.append(board);

  const draw = () => {
    const { state, seat } = room;
    if (!state) return;
    cells.forEach((button, cell) => {
      const mark = state.cells[cell];
      button.textContent = mark == null ? '' : mark === 0 ? '✕' : '◯';
    });
    show(state.turn === seat ? 'Your turn' : "The opponent's turn");
  };
  room.on('change', draw);
  room.on('pause', () => show('One moment …'));
  room.on('resume', draw);
  draw();
  await room.waitFor(({ status }) => status === 'ended');
  return verdict(room);
});

function verdict({ result, seat }: Room<TicTacToe>): string {
  const { winner } = (result?.result ?? { winner: null }) as TicTacToeResult;
  if (winner === null) return 'A draw';
  return winner === seat ? 'You have won' : 'You have lost';
}

import './board.css';
import type { Room } from '@holdfast/client';
import { useCommand, useRoomState } from '@holdfast/react';
import type { TicTacToe, TicTacToeResult } from '../src/games/tic-tac-toe/tic-tac-toe.js';

const MARKS = ['✕', '◯'];

export function Board({ room }: { room: Room<TicTacToe> }) {
  // Renders only when a cell changes, and not when the turn passes.
  const cells = useRoomState(room, ({ state }) => state?.cells ?? []);
  const { send, error } = useCommand(room, 'place');
  return (
    <>
      <Status room={room} />
      <div className="board">
        {cells.map((seat, cell) => (
          <button type="button" className="cell" aria-label={`cell ${cell + 1}`} key={cell} onClick={() => send({ cell })}>
            {seat === null ? '' : MARKS[seat]}
          </button>
        ))}
      </div>
      {error && <p role="alert">Refused: {error.code}</p>}
    </>
  );
}

function Status({ room }: { room: Room<TicTacToe> }) {
  const status = useRoomState(room, statusOf);
  const hasEnded = useRoomState(room, (each) => each.status === 'ended');
  return (
    <>
      <p role="status">{status}</p>
      {hasEnded && (
        <button type="button" onClick={() => room.leave()}>
          Play again
        </button>
      )}
    </>
  );
}

function statusOf({ status, state, seat, result }: Room<TicTacToe>): string {
  if (status === 'paused') return 'One moment …';
  if (status !== 'ended') return state?.turn === seat ? 'Your turn' : "The opponent's turn";
  const { winner } = (result?.result ?? { winner: null }) as TicTacToeResult;
  if (winner === null) return 'A draw';
  return winner === seat ? 'You have won' : 'You have lost';
}

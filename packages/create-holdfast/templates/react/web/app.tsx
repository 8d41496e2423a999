import type { Session } from '@holdfast/client';
import { useRoom, useSession } from '@holdfast/react';
import { type FormEvent, useState } from 'react';
// Imports only types, because the rules run on the server.
import type { TicTacToe } from '../src/games/tic-tac-toe/tic-tac-toe.js';
import { Board } from './board.js';

export function App() {
  const { session, status, error, login } = useSession();
  const room = useRoom<TicTacToe>();
  if (!session) {
    const enter = (event: FormEvent<HTMLFormElement>) => {
      event.preventDefault();
      login({ name: String(new FormData(event.currentTarget).get('name')) });
    };
    return (
      <form onSubmit={enter}>
        <label>
          Your name <input name="name" maxLength={32} autoComplete="nickname" required />
        </label>
        <button type="submit" disabled={status === 'connecting'}>
          Play
        </button>
        <p role="status">{error?.message}</p>
      </form>
    );
  }
  return room ? <Board room={room} /> : <Search session={session} />;
}

/** Finds an opponent. `useRoom` returns the room of the match. */
function Search({ session }: { session: Session }) {
  const [status, setStatus] = useState('');
  const search = async () => {
    setStatus('Looking for an opponent …');
    try {
      await session.quickMatch('tic-tac-toe');
    } catch (error) {
      setStatus((error as Error).message);
    }
  };
  return (
    <>
      <button type="button" onClick={search}>
        Find an opponent
      </button>
      <p role="status">{status}</p>
    </>
  );
}

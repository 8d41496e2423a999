import type { Room } from '#libs/client';
import { connect } from '#libs/client/node';
import { until } from '../../tools/process/until.mjs';

/** For the game of each template: the first move, and a check that a player has seen it. */
const MOVES: Readonly<Record<string, { game: string; move: (room: Room) => unknown; isSeen: (room: Room) => boolean }>> = {
  'tic-tac-toe': {
    game: 'tic-tac-toe',
    move: (room) => room.send('place', { cell: 4 }),
    isSeen: ({ state }) => (state as { cells: unknown[] }).cells[4] === 0,
  },
  'high-card': {
    game: 'high-card',
    move: (room) => room.send('play', { card: (room.state as { hand: number[] }).hand[0] }),
    isSeen: ({ state }) => (state as { hasPlayed: boolean[] }).hasPlayed[0],
  },
  boats: {
    game: 'boats',
    move: (room) => room.sendInput(1, { turn: 0, sail: true }),
    isSeen: ({ state }) => (state as { boats: { x: number }[] }).boats[0].x > 60,
  },
};

/**
 * Matches two players, and lets seat 0 make the first move. When both players have seen the move, resolves with the state that each of them
 * sees.
 */
export async function playFirstMove(url: string, game: string): Promise<unknown[]> {
  const { move, isSeen } = MOVES[game];
  const sessions = await Promise.all(['Ann', 'Bob'].map((name) => connect(url, { name })));
  try {
    // Repeats the search, because a new game server is eligible only after its first check.
    const rooms = await Promise.all(sessions.map((session) => until(() => session.quickMatch(game), 20_000, 200)));
    await Promise.all(rooms.map((room) => room.waitFor(({ seat, version }) => seat !== null && version >= 0, { timeoutMs: 10_000 })));
    await move(rooms.find(({ seat }) => seat === 0) as Room);
    await Promise.all(rooms.map((room) => room.waitFor(isSeen, { timeoutMs: 10_000 })));
    return rooms.map(({ state }) => state);
  } finally {
    for (const session of sessions) session.close();
  }
}

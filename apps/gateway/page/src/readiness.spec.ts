import type { RoomView } from '#libs/client';
import type { RoomId, UserId } from '#libs/protocol';
import { readinessOf, shouldStart } from './readiness.js';

const room = (...ready: boolean[]): RoomView => ({
  id: 'r' as RoomId,
  game: 'chess',
  name: '',
  status: 'waiting',
  rev: 1,
  owner: 'u0' as UserId,
  seats: 2,
  members: ready.map((isReady, seat) => ({ user: `u${seat}` as UserId, name: `P${seat}`, seat, ready: isReady, here: true })),
});

describe('a waiting room', () => {
  it('is ready only when it has enough players and all of them are ready', () => {
    expect(readinessOf(room(true), 2)).toEqual({ kind: 'too-few', missing: 1 });
    expect(readinessOf(room(true, false), 2)).toMatchObject({ kind: 'unready', who: [{ user: 'u1' }] });
    expect(readinessOf(room(true, true), 2)).toEqual({ kind: 'ready' });
  });

  it('lets only the page of its host start the game, and only when all players are ready', () => {
    expect(shouldStart(room(true, true), 'u0' as UserId, 2)).toBe(true);
    expect(shouldStart(room(true, true), 'u1' as UserId, 2)).toBe(false);
    expect(shouldStart(room(false, true), 'u0' as UserId, 2)).toBe(false);
    expect(shouldStart({ ...room(true, true), status: 'starting' }, 'u0' as UserId, 2)).toBe(false);
  });
});

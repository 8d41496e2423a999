import type { SessionId, UserId } from '#libs/protocol';
import type { UserRooms } from '#libs/room-store';
import { type EdgeOptions, USERS_RENEW_MS } from '../edge.options.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import type { PresenceReconciler } from './presence-reconciler.js';
import { SessionLifecycle } from './session-lifecycle.js';
import type { SessionRestorer } from './session-restorer.js';

/** A gateway with the sessions of two users. Only one of them has a connection. */
function newGateway() {
  const table = newSessionTable();
  table.add('s-ada' as SessionId, 'ada' as UserId, 'Ada').connection = {} as PlayerConnection;
  table.add('s-bob' as SessionId, 'bob' as UserId, 'Bob');
  const renew = jest.fn(async (_: readonly UserId[]) => {});
  const touch = jest.fn(async () => []);
  const nothing = {} as never;
  const lifecycle = new SessionLifecycle(
    { sessionTtlMs: 3_600_000 } as EdgeOptions,
    table,
    nothing,
    nothing,
    { check: async () => {}, touch } as unknown as SessionRestorer,
    { hasNewIncarnation: false, reconcileMembers: () => {}, reconcileIndex: async () => {} } as unknown as PresenceReconciler,
    { maintain: () => {} } as never,
    { retry: () => {} } as never,
    nothing,
    nothing,
    nothing,
    { retry: () => {} } as never,
    nothing,
    nothing,
    { isSettled: true } as never,
    { renew } as unknown as UserRooms,
  );
  /** Calls `maintain` with a time that is `inMs` from now. Resolves when `maintain` has ended. */
  const maintain = async (inMs: number): Promise<void> => {
    lifecycle.maintain(performance.now() + inMs);
    await new Promise(setImmediate);
  };
  return { maintain, renew, touch };
}

describe('SessionLifecycle.maintain', () => {
  it('renews each session of a connected user twice a minute, and the stored room of each user hourly', async () => {
    const { maintain, renew, touch } = newGateway();
    for (let at = 60_000; at < USERS_RENEW_MS; at += 60_000) await maintain(at);
    expect([renew.mock.calls.length, touch.mock.calls.length]).toEqual([0, 59]);
    await maintain(USERS_RENEW_MS + 1_000);
    await maintain(USERS_RENEW_MS + 61_000);
    expect(renew.mock.calls).toEqual([[['ada']]]);
  });
});

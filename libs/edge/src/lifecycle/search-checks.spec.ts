import type { MatchMessage, RoomId, SessionId, UserId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import type { LobbyRouter } from '../lobby/lobby-router.js';
import type { SessionRooms } from '../room/session-rooms.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { SearchChecks } from './search-checks.js';

const HINT = { ticket: 't-1', game: 'chess' };

/** A gateway with a connected session whose user searches for a match. The lobby answers each check with this message. */
function newGateway(message: MatchMessage | null) {
  const table = newSessionTable();
  const sent: unknown[] = [];
  const bound: unknown[] = [];
  const session = table.add('s-ada' as SessionId, 'ada' as UserId, 'Ada');
  session.connection = { send: (one: unknown) => sent.push(one) } as unknown as PlayerConnection;
  const checks = new SearchChecks(
    table,
    { request: async () => ({ messages: [message] }) } as unknown as LobbyRouter,
    { bindMatch: (_: unknown, binding: unknown) => bound.push(binding) } as unknown as SessionRooms,
    { debug: () => {} } as unknown as Log,
  );
  return { checks, session, sent, bound };
}

describe("the check of a player's search against its ticket", () => {
  it('moves the session into the matched room when the notice of the match was lost', async () => {
    const matched: MatchMessage = { kind: 'match', ...HINT, event: 'matched', room: 'r-1' as RoomId };
    const { checks, session, sent, bound } = newGateway(matched);
    checks.admitted(session, HINT);
    await new Promise(setImmediate);
    expect(sent).toEqual([matched]);
    expect(bound).toEqual([{ room: 'r-1', watching: false, rev: 0 }]);
    expect(session.ticket).toBeNull();
  });

  it('sends the player a message that the search continues', async () => {
    const searching: MatchMessage = { kind: 'match', ...HINT, event: 'searching' };
    const { checks, session, sent, bound } = newGateway(searching);
    checks.admitted(session, HINT);
    await new Promise(setImmediate);
    expect([sent, bound]).toEqual([[searching], []]);
    expect(session.ticket).toMatchObject(HINT);
  });

  it('reports a lost ticket to the gateway, but not to the player', async () => {
    const { checks, session, sent } = newGateway({ kind: 'match', ...HINT, event: 'expired', reason: 'lost' });
    session.ticket = { ...HINT, checkedAt: 0 };
    expect(await checks.isLost(session)).toBe(true);
    expect(sent).toEqual([]);
    const kept = newGateway({ kind: 'match', ...HINT, event: 'searching' });
    kept.session.ticket = { ...HINT, checkedAt: 0 };
    expect(await kept.checks.isLost(kept.session)).toBe(false);
    expect(kept.sent).toHaveLength(1);
  });
});

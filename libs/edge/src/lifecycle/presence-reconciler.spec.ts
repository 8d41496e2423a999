import type { Self } from '#libs/fleet';
import { endOf, type RequestOrder, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { UserRooms } from '#libs/room-store';
import type { GatewaySessionIndex, SessionStore } from '#libs/session';
import type { LobbyRouter } from '../lobby/lobby-router.js';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { PresenceReconciler } from './presence-reconciler.js';

interface Report {
  readonly here: boolean;
  readonly asked: { readonly turn: number; readonly number: number };
}

/** A gateway with one member of a room, and the member in the room's record. */
function newGateway() {
  const member: { user: string; here: boolean; word?: RequestOrder } = { user: 'ada', here: true };
  /** The number of the user's last admission in the store. */
  const admitted = { turn: 7 };
  const reports: Report[] = [];
  const table = newSessionTable();
  const cache = { get: () => ({ doc: { members: [member] } }) } as unknown as RoomRecordCache;
  const lobbies = { emit: (_: unknown, __: string, data: Report) => reports.push(data) } as unknown as LobbyRouter;
  const userRooms = {
    renewAdmission: async (_: unknown, turn: number) => (turn === admitted.turn ? turn + 1 : null),
  } as unknown as UserRooms;
  const presence = new PresenceReconciler(table, cache, lobbies, {} as GatewaySessionIndex, {} as SessionStore, userRooms, {} as Self);
  const session = table.add('s' as SessionId, 'ada' as UserId, 'Ada');
  session.admissionNumber = 7;
  session.binding = { room: 'a-room' as RoomId, watching: false, rev: 1 };
  session.connection = { isOpen: true } as PlayerConnection;
  return { presence, session, member, admitted, reports };
}

describe('the presence of a user who is connected to the gateway', () => {
  it('is reported to a lobby when the room record shows a different presence', () => {
    const { presence, session, member, reports } = newGateway();
    member.here = false;
    presence.reconcileMembers();
    expect(reports).toMatchObject([{ here: true }]);
    member.here = true;
    session.connection = null;
    session.isAway = true;
    presence.reconcileMembers();
    expect(reports).toMatchObject([{ here: true }, { here: false }]);
  });

  it('is reported with a new admission number when another server ended the last admission', async () => {
    const { presence, session, member, admitted, reports } = newGateway();
    Object.assign(member, { here: false, word: endOf(7) });
    presence.reconcileMembers();
    await settled();
    expect(reports).toMatchObject([{ here: true, asked: { turn: 8 } }]);
    expect(session.admissionNumber).toBe(8);
    Object.assign(member, { word: endOf(8) });
    admitted.turn = 9;
    presence.reconcileMembers();
    await settled();
    expect(reports).toHaveLength(1);
  });

  it('is not reported when the room record already shows this presence', () => {
    const { presence, session, member, reports } = newGateway();
    presence.reconcileMembers();
    session.connection = null;
    presence.reconcileMembers();
    session.isAway = true;
    member.here = false;
    presence.reconcileMembers();
    expect(reports).toEqual([]);
  });

  it('is not reported when the user is a spectator or in no room', () => {
    const { presence, session, member, reports } = newGateway();
    member.here = false;
    for (const binding of [{ room: 'a-room' as RoomId, watching: true, rev: 1 }, null]) {
      session.binding = binding;
      presence.report(session);
      presence.reconcileMembers();
    }
    expect(reports).toEqual([]);
  });

  it('is reported with a higher request order in each report', () => {
    const { presence, session, reports } = newGateway();
    presence.report(session);
    session.isAway = true;
    presence.report(session);
    expect(reports.map(({ asked }) => asked.turn)).toEqual([7, 7]);
    expect(reports[1].asked.number).toBeGreaterThan(reports[0].asked.number);
  });
});

/** Resolves when the gateway has handled the answers of the fake store, which answers without a delay. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

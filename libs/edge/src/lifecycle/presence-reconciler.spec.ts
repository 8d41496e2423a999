import type { Self } from '#libs/fleet';
import { endOf, type RequestOrder, type SessionId } from '#libs/protocol';
import type { UserRooms } from '#libs/room-store';
import type { GatewaySessionIndex, SessionStore } from '#libs/session';
import type { Metrics } from '#libs/telemetry';
import type { LobbyRouter } from '../lobby/lobby-router.js';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { PresenceReconciler } from './presence-reconciler.js';

interface Told {
  readonly here: boolean;
  readonly asked: { readonly turn: number; readonly number: number };
}

/** A gateway with one member of a room, and what the room's record says of them. */
function newGateway() {
  const member: { user: string; here: boolean; word?: RequestOrder } = { user: 'ada', here: true };
  /** As the store has it. */
  const admitted = { turn: 7 };
  const told: Told[] = [];
  const table = new SessionTable({ sessions: { set: () => {} } } as unknown as Metrics);
  const cache = { get: () => ({ doc: { members: [member] } }) } as unknown as RoomRecordCache;
  const lobbies = { emit: (_: unknown, __: string, data: Told) => told.push(data) } as unknown as LobbyRouter;
  const userRooms = { renewTurn: async (_: unknown, turn: number) => (turn === admitted.turn ? turn + 1 : null) } as unknown as UserRooms;
  const presence = new PresenceReconciler(table, cache, lobbies, {} as GatewaySessionIndex, {} as SessionStore, userRooms, {} as Self);
  const session = table.add('s' as SessionId, 'ada', 'Ada');
  session.admission = 7;
  session.binding = { room: 'a-room', watching: false, rev: 1 };
  session.connection = { isOpen: true } as PlayerConnection;
  return { presence, session, member, admitted, told };
}

describe('a member whose room has them for', () => {
  it('away, and who is here, is told to be here; and the other way round', () => {
    const { presence, session, member, told } = newGateway();
    member.here = false;
    presence.reconcileMembers();
    expect(told).toMatchObject([{ here: true }]);
    member.here = true;
    session.connection = null;
    session.isAway = true;
    presence.reconcileMembers();
    expect(told).toMatchObject([{ here: true }, { here: false }]);
  });

  it('away, by one who took this gateway for dead, is told otherwise in another turn, unless they have come in elsewhere', async () => {
    const { presence, session, member, admitted, told } = newGateway();
    Object.assign(member, { here: false, word: endOf(7) });
    presence.reconcileMembers();
    await settled();
    expect(told).toMatchObject([{ here: true, asked: { turn: 8 } }]);
    expect(session.admission).toBe(8);
    Object.assign(member, { word: endOf(8) });
    admitted.turn = 9;
    presence.reconcileMembers();
    await settled();
    expect(told).toHaveLength(1);
  });

  it('what they are is told nothing, nor is one who may be back at once', () => {
    const { presence, session, member, told } = newGateway();
    presence.reconcileMembers();
    session.connection = null;
    presence.reconcileMembers();
    session.isAway = true;
    member.here = false;
    presence.reconcileMembers();
    expect(told).toEqual([]);
  });

  it('anything is told by words in order', () => {
    const { presence, session, told } = newGateway();
    presence.report(session);
    session.isAway = true;
    presence.report(session);
    expect(told.map(({ asked }) => asked.turn)).toEqual([7, 7]);
    expect(told[1].asked.number).toBeGreaterThan(told[0].asked.number);
  });
});

/** What was asked of the store, which answers at once, has had its effect. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

import type { RequestOrder, RoomId, SessionId, UserId } from '#libs/protocol';
import type { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import type { LobbyRouter } from '../lobby/lobby-router.js';
import type { PlayerRequests } from '../lobby/player-requests.js';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import type { SessionRooms } from '../room/session-rooms.js';
import { GatewaySession } from '../session/gateway-session.js';
import type { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import type { Departures } from './departures.js';
import type { SearchChecks } from './search-checks.js';
import type { RestoredSession, SessionRestorer } from './session-restorer.js';
import { SettledSessions } from './settled-sessions.js';

const ROOM = 'r1' as RoomId;

/** Returns a gateway with one session, and records what the gateway does when the store is settled. */
function newGateway(answer: (operation: string) => unknown = () => ({})) {
  const session = new GatewaySession('s1' as SessionId, 'u1' as UserId, 'Ada', 1);
  session.connection = { isOpen: true } as PlayerConnection;
  session.admissionNumber = 5;
  const requested: string[] = [];
  const done: string[] = [];
  const orders: RequestOrder[] = [];
  let restored: RestoredSession[] = [];
  let settle = (): void => {};
  let reportRestored = (): void => {};
  const settlement = { isSettled: false };
  const search = { isLost: true };
  const sessions = new SettledSessions(
    { all: () => [session] } as unknown as SessionTable,
    {
      acceptAnyRevision: () => done.push('accept'),
      bind: (_: GatewaySession, { room }: { room: RoomId }) => done.push(`bound to ${room}`),
    } as unknown as SessionRooms,
    { compareSettled: async () => {} } as unknown as RoomRecordCache,
    { takeRestored: () => restored, onRestored: (listener: () => void) => (reportRestored = listener) } as unknown as SessionRestorer,
    { repeat: () => done.push('departures') } as unknown as Departures,
    {
      emit: (_: GatewaySession, pattern: string, { room, asked }: { room: RoomId; asked: RequestOrder }) => {
        done.push(`${pattern} ${room}`);
        orders.push(asked);
      },
    } as unknown as LobbyRouter,
    {
      send: async (_: GatewaySession, operation: string) => {
        requested.push(operation);
        return answer(operation);
      },
    } as unknown as PlayerRequests,
    { isLost: async () => search.isLost } as unknown as SearchChecks,
    Object.assign(settlement, {
      onSettled: (listener: () => void) => {
        settle = listener;
      },
    }) as unknown as StoreSettlement,
    new Log({ server: 'spec', level: 'silent', format: 'json' }),
  );
  sessions.onApplicationBootstrap();
  const settled = async (more: { restored?: RestoredSession[] } = {}): Promise<void> => {
    restored = more.restored ?? [];
    settle();
    await handled();
  };
  /** Reports these sessions as restored. `isSettled`: whether the store is settled at that time. */
  const restoredLate = async (isSettled: boolean, late: RestoredSession[]): Promise<void> => {
    settlement.isSettled = isSettled;
    restored = late;
    reportRestored();
    await handled();
  };
  return { session, search, requested, done, orders, settled, restoredLate };
}

/** The fakes answer without timers and I/O. So all effects of a call happen within two event-loop ticks. */
function handled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

describe('a gateway after the settlement of a restarted store', () => {
  it('keeps a session in its room without a second join', async () => {
    const gateway = newGateway();
    gateway.session.binding = { room: ROOM, watching: false, rev: 7 };
    await gateway.settled();
    expect(gateway.requested).toEqual([]);
    expect(gateway.done).toEqual(['accept', 'departures']);
  });

  it('repeats the departures of a session from its earlier rooms', async () => {
    const gateway = newGateway();
    const { session } = gateway;
    session.recordLeftRoom('left-1' as RoomId);
    session.recordLeftRoom(ROOM);
    session.binding = { room: ROOM, watching: false, rev: 7 };
    const before = { room: 'left-2' as RoomId, watching: false };
    await gateway.settled({ restored: [{ session, outcome: 'written', before }] });
    expect(gateway.done).toEqual(['accept', 'departures', 'member.gone left-2', 'member.gone left-1']);
  });

  it.each(['moved', 'late'] as const)(
    'keeps a session in the room that its user entered after the store lost its data (result of the restoration: `%s`)',
    async (outcome) => {
      const gateway = newGateway();
      const { session } = gateway;
      session.recordLeftRoom('left' as RoomId);
      session.recordLeftRoom(ROOM);
      await gateway.settled({ restored: [{ session, outcome, before: { room: ROOM, watching: false } }] });
      expect(gateway.done).toEqual(['accept', 'departures', 'member.gone left']);
    },
  );

  it('repeats the search of a session when no lobby has found a match', async () => {
    const gateway = newGateway(() => ({ binding: { room: ROOM, watching: false, rev: 1 } }));
    const { session } = gateway;
    session.search = { data: { game: 'chess' }, requestOrder: { turn: 5, number: 2 } };
    await gateway.settled({ restored: [{ session, outcome: 'written', before: null }] });
    expect(gateway.requested).toEqual(['match.find']);
    expect(gateway.done).toContain(`bound to ${ROOM}`);

    const found = newGateway();
    found.session.search = { data: { game: 'chess' }, requestOrder: { turn: 5, number: 2 } };
    await found.settled({ restored: [{ session: found.session, outcome: 'moved', before: { room: ROOM, watching: false } }] });
    expect(found.requested).toEqual([]);
    expect(found.done).toContain(`bound to ${ROOM}`);
  });

  it('does not repeat a search whose ticket is in the store', async () => {
    const gateway = newGateway();
    const { session } = gateway;
    gateway.search.isLost = false;
    session.search = { data: { game: 'chess' }, requestOrder: { turn: 5, number: 2 } };
    await gateway.settled({ restored: [{ session, outcome: 'written', before: null }] });
    expect(gateway.requested).toEqual([]);
  });

  it('gives the repeated departure a lower request order than an unanswered join', async () => {
    const gateway = newGateway();
    const { session } = gateway;
    session.recordLeftRoom(ROOM);
    session.requestNumber = 4;
    session.unanswered = [4];
    await gateway.settled({ restored: [{ session, outcome: 'written', before: null }] });
    expect(gateway.orders).toEqual([{ turn: 5, number: 3 }]);
  });

  it('repeats the departures of a session even when the store is settled before the session is restored', async () => {
    const gateway = newGateway();
    const { session } = gateway;
    session.recordLeftRoom(ROOM);
    await gateway.restoredLate(false, [{ session, outcome: 'written', before: null }]);
    expect(gateway.done).toEqual([]);
    await gateway.restoredLate(true, [{ session, outcome: 'written', before: null }]);
    expect(gateway.done).toEqual(['accept', 'departures', `member.gone ${ROOM}`]);
  });
});

import { HoldfastError, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { RoomRecord } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import type { Departures } from './departures.js';
import { GatewaySession } from './gateway-session.js';
import type { LobbyRouter } from './lobby-router.js';
import type { PlayerConnection } from './player-connection.js';
import type { RoomFollower } from './room-follower.js';
import type { RoomLink } from './room-link.js';
import type { RestoredSession, SessionRestorer } from './session-restorer.js';
import type { SessionTable } from './session-table.js';
import { SettledSessions } from './settled-sessions.js';

const ROOM = 'r1' as RoomId;
const record = { id: ROOM } as RoomRecord;

/** One session of a gateway, and what is done for it once a store is settled. */
function newGateway(answer: (operation: string) => unknown = () => ({})) {
  const session = new GatewaySession('s1' as SessionId, 'u1' as UserId, 'Ada', 1);
  session.connection = { isOpen: true } as PlayerConnection;
  session.turn = 5;
  const asked: string[] = [];
  const done: string[] = [];
  let restored: RestoredSession[] = [];
  let missing: (session: GatewaySession, record: RoomRecord) => boolean = () => false;
  let settle = (): void => {};
  /** What the follower finds of the room while it compares it. */
  let found = (): void => {};
  const sessions = new SettledSessions(
    { all: () => [session] } as unknown as SessionTable,
    {
      onMissing: (listener: typeof missing) => {
        missing = listener;
      },
      acceptAny: () => done.push('accept'),
      leave: (_: GatewaySession, reason: string) => done.push(`out: ${reason}`),
      bind: (_: GatewaySession, { room }: { room: RoomId }) => done.push(`bound to ${room}`),
    } as unknown as RoomLink,
    { settled: async () => found(), look: () => {} } as unknown as RoomFollower,
    { takeRestored: () => restored } as unknown as SessionRestorer,
    { repeat: () => done.push('departures') } as unknown as Departures,
    {
      ask: async (_: GatewaySession, operation: string) => {
        asked.push(operation);
        return answer(operation);
      },
      tell: (_: GatewaySession, pattern: string, { room }: { room: RoomId }) => done.push(`${pattern} ${room}`),
    } as unknown as LobbyRouter,
    {
      onSettled: (listener: () => void) => {
        settle = listener;
      },
    } as unknown as StoreSettlement,
    new Log({ server: 'spec', level: 'silent', format: 'json' }),
  );
  sessions.onApplicationBootstrap();
  const settled = async (more: { restored?: RestoredSession[]; found?: () => void } = {}): Promise<void> => {
    restored = more.restored ?? [];
    found = more.found ?? (() => {});
    settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { session, asked, done, settled, isMissing: () => missing(session, record) };
}

describe('a session, once a store that was restarted is settled', () => {
  it('joins its room again when the store has lost that its user is a member, and is out when it cannot', async () => {
    const gateway = newGateway();
    gateway.session.binding = { room: ROOM, watching: false, rev: 7 };
    await gateway.settled({ found: () => expect(gateway.isMissing()).toBe(true) });
    expect(gateway.asked).toEqual(['rooms.join']);
    expect(gateway.done).toEqual(['accept', 'departures']);

    const full = newGateway(() => Promise.reject(new HoldfastError('room-full')));
    full.session.binding = { room: ROOM, watching: false, rev: 7 };
    await full.settled({ found: () => full.isMissing() });
    expect(full.done).toContain('out: room-full');
  });

  it('does not join again where it may have asked to leave, nor later on', async () => {
    const gateway = newGateway();
    gateway.session.binding = { room: ROOM, watching: false, rev: 7 };
    gateway.session.underWay = [3];
    await gateway.settled({ found: () => expect(gateway.isMissing()).toBe(false) });
    gateway.session.underWay = [];
    expect(gateway.isMissing()).toBe(false);
    expect(gateway.asked).toEqual([]);
  });

  it('is taken out of rooms that it had left', async () => {
    const gateway = newGateway();
    const { session } = gateway;
    session.hasLeft('left-1' as RoomId);
    session.hasLeft(ROOM);
    session.binding = { room: ROOM, watching: false, rev: 7 };
    const before = { room: 'left-2' as RoomId, watching: false };
    await gateway.settled({ restored: [{ session, outcome: 'written', before }] });
    expect(gateway.done).toEqual(['accept', 'departures', 'member.gone left-2', 'member.gone left-1']);
  });

  it('looks for a match again, or goes to the one that was found', async () => {
    const gateway = newGateway(() => ({ binding: { room: ROOM, watching: false, rev: 1 } }));
    const { session } = gateway;
    session.search = { data: { game: 'chess' }, asked: { turn: 5, number: 2 } };
    await gateway.settled({ restored: [{ session, outcome: 'written', before: null }] });
    expect(gateway.asked).toEqual(['match.find']);
    expect(gateway.done).toContain(`bound to ${ROOM}`);

    const found = newGateway();
    found.session.search = { data: { game: 'chess' }, asked: { turn: 5, number: 2 } };
    await found.settled({ restored: [{ session: found.session, outcome: 'moved', before: { room: ROOM, watching: false } }] });
    expect(found.asked).toEqual([]);
    expect(found.done).toContain(`bound to ${ROOM}`);
  });
});

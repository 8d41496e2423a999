import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { drainConnections, RECONNECTING_MAX } from './drain-connections.js';

/** Players as a drain sees them. */
function newPlayers(count: number) {
  const here = new Set<GatewaySession>();
  const told: GatewaySession[] = [];
  const connections = Array.from({ length: count }, () => {
    const session = {} as GatewaySession;
    here.add(session);
    return { isOpen: true, state: { session }, goodbye: () => void told.push(session) } as unknown as PlayerConnection;
  });
  return {
    connections,
    told,
    arrive: (session: GatewaySession) => here.delete(session),
    isCurrent: (session: GatewaySession) => here.has(session),
  };
}

describe('players who are sent elsewhere', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('go as others arrive there, and are few on their way', async () => {
    const { connections, told, arrive, isCurrent } = newPlayers(3 * RECONNECTING_MAX);
    const drained = drainConnections(connections, isCurrent);
    expect(told).toHaveLength(RECONNECTING_MAX);
    for (const session of told.slice(0, 5)) arrive(session);
    await jest.advanceTimersByTimeAsync(10);
    expect(told).toHaveLength(RECONNECTING_MAX + 5);
    for (let arrived = 5; arrived < 3 * RECONNECTING_MAX; arrived += 5) {
      for (const session of told) arrive(session);
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(told).toHaveLength(3 * RECONNECTING_MAX);
    await drained;
  });

  it('wait for nobody who never arrives, nor for ever', async () => {
    const few = newPlayers(2 * RECONNECTING_MAX);
    const drained = drainConnections(few.connections, few.isCurrent);
    await jest.advanceTimersByTimeAsync(300);
    expect(few.told).toHaveLength(2 * RECONNECTING_MAX);
    await drained;
    const many = newPlayers(2_000);
    const all = drainConnections(many.connections, many.isCurrent);
    await jest.advanceTimersByTimeAsync(9_000);
    await all;
    expect(many.told).toHaveLength(2_000);
  });

  it('are not told twice, nor when they have gone by themselves', async () => {
    const { connections, told, isCurrent } = newPlayers(2);
    Object.assign(connections[0], { isOpen: false });
    await drainConnections(connections, isCurrent);
    expect(told).toHaveLength(1);
  });
});

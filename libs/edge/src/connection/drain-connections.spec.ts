import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { drainConnections, RECONNECTING_MAX } from './drain-connections.js';

/** Returns connections of players. `disconnected` has the sessions whose connections were closed, in the order of the closes. */
function newPlayers(count: number) {
  const here = new Set<GatewaySession>();
  const disconnected: GatewaySession[] = [];
  const connections = Array.from({ length: count }, () => {
    const session = {} as GatewaySession;
    here.add(session);
    return { isOpen: true, state: { session }, goodbye: () => void disconnected.push(session) } as unknown as PlayerConnection;
  });
  return {
    connections,
    disconnected,
    arrive: (session: GatewaySession) => here.delete(session),
    isCurrent: (session: GatewaySession) => here.has(session),
  };
}

describe('the drain of a gateway', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('limits the number of disconnected players who have not yet arrived at another gateway', async () => {
    const { connections, disconnected, arrive, isCurrent } = newPlayers(3 * RECONNECTING_MAX);
    const drained = drainConnections(connections, isCurrent);
    expect(disconnected).toHaveLength(RECONNECTING_MAX);
    for (const session of disconnected.slice(0, 5)) arrive(session);
    await jest.advanceTimersByTimeAsync(10);
    expect(disconnected).toHaveLength(RECONNECTING_MAX + 5);
    for (let arrived = 5; arrived < 3 * RECONNECTING_MAX; arrived += 5) {
      for (const session of disconnected) arrive(session);
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(disconnected).toHaveLength(3 * RECONNECTING_MAX);
    await drained;
  });

  it('ends within a time limit when no player arrives at another gateway', async () => {
    const few = newPlayers(2 * RECONNECTING_MAX);
    const drained = drainConnections(few.connections, few.isCurrent);
    await jest.advanceTimersByTimeAsync(300);
    expect(few.disconnected).toHaveLength(2 * RECONNECTING_MAX);
    await drained;
    const many = newPlayers(2_000);
    const all = drainConnections(many.connections, many.isCurrent);
    await jest.advanceTimersByTimeAsync(9_000);
    await all;
    expect(many.disconnected).toHaveLength(2_000);
  });

  it('sends nothing to a closed connection', async () => {
    const { connections, disconnected, isCurrent } = newPlayers(2);
    Object.assign(connections[0], { isOpen: false });
    await drainConnections(connections, isCurrent);
    expect(disconnected).toHaveLength(1);
  });
});

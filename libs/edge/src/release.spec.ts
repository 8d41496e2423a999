import type { GatewaySession } from './gateway-session.js';
import type { PlayerConnection } from './player-connection.js';
import { ON_THEIR_WAY_MAX, releaseAll } from './release.js';

/** Players as a release sees them. */
function newPlayers(count: number) {
  const here = new Set<GatewaySession>();
  const told: GatewaySession[] = [];
  const connections = Array.from({ length: count }, () => {
    const session = {} as GatewaySession;
    here.add(session);
    return { isOpen: true, owner: { session }, goodbye: () => void told.push(session) } as unknown as PlayerConnection;
  });
  return {
    connections,
    told,
    arrive: (session: GatewaySession) => here.delete(session),
    isHere: (session: GatewaySession) => here.has(session),
  };
}

describe('players who are sent elsewhere', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('go as others arrive there, and are few on their way', async () => {
    const { connections, told, arrive, isHere } = newPlayers(3 * ON_THEIR_WAY_MAX);
    const released = releaseAll(connections, isHere);
    expect(told).toHaveLength(ON_THEIR_WAY_MAX);
    for (const session of told.slice(0, 5)) arrive(session);
    await jest.advanceTimersByTimeAsync(10);
    expect(told).toHaveLength(ON_THEIR_WAY_MAX + 5);
    for (let arrived = 5; arrived < 3 * ON_THEIR_WAY_MAX; arrived += 5) {
      for (const session of told) arrive(session);
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(told).toHaveLength(3 * ON_THEIR_WAY_MAX);
    await released;
  });

  it('wait for nobody who never arrives, nor for ever', async () => {
    const few = newPlayers(2 * ON_THEIR_WAY_MAX);
    const released = releaseAll(few.connections, few.isHere);
    await jest.advanceTimersByTimeAsync(300);
    expect(few.told).toHaveLength(2 * ON_THEIR_WAY_MAX);
    await released;
    const many = newPlayers(2_000);
    const all = releaseAll(many.connections, many.isHere);
    await jest.advanceTimersByTimeAsync(9_000);
    await all;
    expect(many.told).toHaveLength(2_000);
  });

  it('are not told twice, nor when they have gone by themselves', async () => {
    const { connections, told, isHere } = newPlayers(2);
    Object.assign(connections[0], { isOpen: false });
    await releaseAll(connections, isHere);
    expect(told).toHaveLength(1);
  });
});

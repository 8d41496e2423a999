import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { EdgeOptions } from '../edge.options.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { ConnectionLimits } from './connection-limits.js';
import { stateOf } from './connection-state.js';

const options = {
  connectionsMax: 6,
  connectionsPerAddress: 3,
  connectionsWindowMs: 60_000,
  hellosPendingMax: 4,
  helloTimeoutMs: 60_000,
  messagesPerSecond: 1,
  messagesBurst: 1,
  bytesPerSecond: 1,
  bytesBurst: 1,
} as unknown as EdgeOptions;

let ports = 0;
const here: { limits: ConnectionLimits; connection: PlayerConnection }[] = [];

afterEach(() => {
  for (const { limits, connection } of here.splice(0)) limits.removeConnection(connection);
});

function connectionFrom(address: string, peer = `${address}|${++ports}`) {
  const said: string[] = [];
  const connection = { address, peer, state: null, goodbye: ({ code }: { code: string }) => said.push(code) };
  return { connection: connection as unknown as PlayerConnection, said };
}

/** Comes in, and is welcomed unless told otherwise; answers why it was turned away. */
function enter(limits: ConnectionLimits, address: string, isWelcomed = true) {
  const { connection, said } = connectionFrom(address);
  here.push({ limits, connection });
  const isIn = limits.addConnection(connection);
  if (isIn && isWelcomed) limits.admitted(stateOf(connection));
  return { connection, isIn, said };
}

function socketFrom(remoteAddress: string): Socket {
  return Object.assign(new EventEmitter(), { remoteAddress, remotePort: ++ports, localPort: 1 }) as unknown as Socket;
}

describe('the hello timeout', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('closes a connection that has sent no hello, and spares one whose hello waits for the store', () => {
    const limits = new ConnectionLimits(options);
    const [silent, greeting] = [enter(limits, '192.0.2.1', false), enter(limits, '192.0.2.2', false)];
    stateOf(greeting.connection).isAdmitting = true;
    jest.advanceTimersByTime(options.helloTimeoutMs + 1);
    expect([silent.said, greeting.said]).toEqual([['hello-timeout'], []]);
  });
});

describe('connections', () => {
  it('of one address are so many, and those of another are none of its business', () => {
    const limits = new ConnectionLimits(options);
    const own = [1, 2, 3, 4].map(() => enter(limits, '192.0.2.1'));
    expect(own.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
    expect(own[3].said).toEqual(['too-many-connections']);
    expect(enter(limits, '192.0.2.2').isIn).toBe(true);
  });

  it('of one network of IPv6 are of one address', () => {
    const limits = new ConnectionLimits(options);
    const own = [1, 2, 3, 4].map((host) => enter(limits, `2001:db8::${host}`));
    expect(own.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
    expect(enter(limits, '2001:db8:0:1::1').isIn).toBe(true);
  });

  it('are so many in all', () => {
    const limits = new ConnectionLimits(options);
    const all = [1, 2, 3, 4, 5, 6, 7].map((host) => enter(limits, `192.0.2.${host}`));
    expect(all.map(({ isIn }) => isIn)).toEqual([true, true, true, true, true, true, false]);
  });

  it('that have not said hello are fewer, and a welcome makes room for the next', () => {
    const limits = new ConnectionLimits(options);
    const strangers = [1, 2, 3, 4].map((host) => enter(limits, `192.0.2.${host}`, false));
    const fifth = enter(limits, '192.0.2.5', false);
    expect(fifth.isIn).toBe(false);
    limits.removeConnection(fifth.connection);
    limits.admitted(stateOf(strangers[0].connection));
    expect(enter(limits, '192.0.2.6').isIn).toBe(true);
  });

  it('that come and go are so many in a while, since each leaves a session', () => {
    const limits = new ConnectionLimits(options);
    const comesAndGoes = (address: string): boolean => {
      const { connection, isIn } = enter(limits, address);
      limits.removeConnection(connection);
      return isIn;
    };
    expect([1, 2, 3, 4].map(() => comesAndGoes('192.0.2.1'))).toEqual([true, true, true, false]);
    expect(comesAndGoes('192.0.2.2')).toBe(true);
  });

  it('leave nothing behind once they are gone for long enough', () => {
    const limits = new ConnectionLimits(options);
    const { connection } = enter(limits, '192.0.2.1');
    limits.sweep(performance.now() + options.connectionsWindowMs + 1);
    expect(limits.addressesKnown).toBe(1);
    limits.removeConnection(connection);
    limits.sweep(performance.now());
    expect(limits.addressesKnown).toBe(1);
    limits.sweep(performance.now() + options.connectionsWindowMs + 1);
    expect(limits.addressesKnown).toBe(0);
  });
});

describe('visitors', () => {
  it('of one address are so many, until they close', () => {
    const limits = new ConnectionLimits(options);
    const sockets = [1, 2, 3].map(() => socketFrom('192.0.2.1'));
    expect(sockets.map((socket) => limits.addSocket(socket))).toEqual([true, true, true]);
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(false);
    expect(limits.addSocket(socketFrom('192.0.2.2'))).toBe(true);
    sockets[0].emit('close');
    sockets[0].emit('close');
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(true);
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(false);
  });

  it('that become players are counted as these, and not twice', () => {
    const limits = new ConnectionLimits(options);
    for (let visit = 0; visit < 3; visit += 1) {
      const socket = socketFrom('192.0.2.1');
      expect(limits.addSocket(socket)).toBe(true);
      const { connection } = connectionFrom('192.0.2.1', `${socket.remoteAddress}|${socket.remotePort}|${socket.localPort}`);
      here.push({ limits, connection });
      expect(limits.addConnection(connection)).toBe(true);
      limits.admitted(stateOf(connection));
    }
    expect([1, 2, 3, 4].map(() => limits.addSocket(socketFrom('192.0.2.1')))).toEqual([true, true, true, false]);
  });

  it('that become players leave nothing on their sockets, which live long', () => {
    const limits = new ConnectionLimits(options);
    const socket = socketFrom('192.0.2.1');
    limits.addSocket(socket);
    expect(socket.listenerCount('close')).toBe(1);
    const { connection } = connectionFrom('192.0.2.1', `${socket.remoteAddress}|${socket.remotePort}|${socket.localPort}`);
    here.push({ limits, connection });
    limits.addConnection(connection);
    expect(socket.listenerCount('close')).toBe(0);
  });
});

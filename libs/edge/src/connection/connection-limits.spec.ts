import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { jest } from '@jest/globals';
import type { EdgeOptions } from '../edge.options.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { TrustedProxies } from '../transport/trusted-proxies.js';
import { ConnectionLimits } from './connection-limits.js';
import { stateOf } from './connection-state.js';

const options = {
  trustedProxies: ['10.0.0.0/8'],
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
  const codes: string[] = [];
  const connection = { address, peer, state: null, goodbye: ({ code }: { code: string }) => codes.push(code) };
  return { connection: connection as unknown as PlayerConnection, codes };
}

/**
 * Opens a connection from this address, and accepts its hello unless `isAdmitted` is false. Returns whether the limits accepted the
 * connection (`isIn`) and the codes with which they closed it (`codes`).
 */
function enter(limits: ConnectionLimits, address: string, isAdmitted = true) {
  const { connection, codes } = connectionFrom(address);
  here.push({ limits, connection });
  const isIn = limits.addConnection(connection);
  if (isIn && isAdmitted) limits.admitted(stateOf(connection));
  return { connection, isIn, codes };
}

function socketFrom(remoteAddress: string): Socket {
  return Object.assign(new EventEmitter(), { remoteAddress, remotePort: ++ports, localPort: 1 }) as unknown as Socket;
}

describe('the hello timeout', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('closes a connection without a hello, but not a connection whose hello waits for the store', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const [silent, greeting] = [enter(limits, '192.0.2.1', false), enter(limits, '192.0.2.2', false)];
    stateOf(greeting.connection).isAdmitting = true;
    jest.advanceTimersByTime(options.helloTimeoutMs + 1);
    expect([silent.codes, greeting.codes]).toEqual([['hello-timeout'], []]);
  });
});

describe('the limits of connections', () => {
  it('refuse a connection above the limit for one address', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const own = [1, 2, 3, 4].map(() => enter(limits, '192.0.2.1'));
    expect(own.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
    expect(own[3].codes).toEqual(['too-many-connections']);
    expect(enter(limits, '192.0.2.2').isIn).toBe(true);
  });

  it('count an IPv6 network of 64 bits as one address', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const own = [1, 2, 3, 4].map((host) => enter(limits, `2001:db8::${host}`));
    expect(own.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
    expect(enter(limits, '2001:db8:0:1::1').isIn).toBe(true);
  });

  it('refuse connections above the total limit', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const all = [1, 2, 3, 4, 5, 6, 7].map((host) => enter(limits, `192.0.2.${host}`));
    expect(all.map(({ isIn }) => isIn)).toEqual([true, true, true, true, true, true, false]);
  });

  it('refuse new connections while too many connections wait for their admission', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const pending = [1, 2, 3, 4].map((host) => enter(limits, `192.0.2.${host}`, false));
    const fifth = enter(limits, '192.0.2.5', false);
    expect(fifth.isIn).toBe(false);
    limits.removeConnection(fifth.connection);
    limits.admitted(stateOf(pending[0].connection));
    expect(enter(limits, '192.0.2.6').isIn).toBe(true);
  });

  it('count closed connections of an address until the end of the time window', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const comesAndGoes = (address: string): boolean => {
      const { connection, isIn } = enter(limits, address);
      limits.removeConnection(connection);
      return isIn;
    };
    expect([1, 2, 3, 4].map(() => comesAndGoes('192.0.2.1'))).toEqual([true, true, true, false]);
    expect(comesAndGoes('192.0.2.2')).toBe(true);
  });

  it('forget an address that has no open or recent connections', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const { connection } = enter(limits, '192.0.2.1');
    limits.sweep(performance.now() + options.connectionsWindowMs + 1);
    expect(limits.addressesKnown).toBe(1);
    limits.removeConnection(connection);
    limits.sweep(performance.now());
    expect(limits.addressesKnown).toBe(1);
    limits.sweep(performance.now() + options.connectionsWindowMs + 1);
    expect(limits.addressesKnown).toBe(0);
  });

  it('still count a connection for some time after its close, even when the connection was open for an hour', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const { connection } = enter(limits, '192.0.2.1');
    const closedAt = performance.now() + 3_600_000;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(closedAt);
    try {
      limits.removeConnection(connection);
      limits.sweep(closedAt + 1);
      expect(limits.addressesKnown).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('the limits of sockets that are not yet connections of players', () => {
  it('refuse a socket above the limit for one address until another socket closes', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const sockets = [1, 2, 3].map(() => socketFrom('192.0.2.1'));
    expect(sockets.map((socket) => limits.addSocket(socket))).toEqual([true, true, true]);
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(false);
    expect(limits.addSocket(socketFrom('192.0.2.2'))).toBe(true);
    sockets[0].emit('close');
    sockets[0].emit('close');
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(true);
    expect(limits.addSocket(socketFrom('192.0.2.1'))).toBe(false);
  });

  it('count the sockets of a trusted proxy only towards the total limit', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    expect([1, 2, 3, 4, 5].map(() => limits.addSocket(socketFrom('10.0.0.1')))).toEqual([true, true, true, true, false]);
  });

  it('do not count a socket that has become a connection', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    for (let opened = 0; opened < 3; opened += 1) {
      const socket = socketFrom('192.0.2.1');
      expect(limits.addSocket(socket)).toBe(true);
      const { connection } = connectionFrom('192.0.2.1', `${socket.remoteAddress}|${socket.remotePort}|${socket.localPort}`);
      here.push({ limits, connection });
      expect(limits.addConnection(connection)).toBe(true);
      limits.admitted(stateOf(connection));
    }
    expect([1, 2, 3, 4].map(() => limits.addSocket(socketFrom('192.0.2.1')))).toEqual([true, true, true, false]);
  });

  it('remove their listener from a socket that has become a connection', () => {
    const limits = new ConnectionLimits(options, new TrustedProxies(options));
    const socket = socketFrom('192.0.2.1');
    limits.addSocket(socket);
    expect(socket.listenerCount('close')).toBe(1);
    const { connection } = connectionFrom('192.0.2.1', `${socket.remoteAddress}|${socket.remotePort}|${socket.localPort}`);
    here.push({ limits, connection });
    limits.addConnection(connection);
    expect(socket.listenerCount('close')).toBe(0);
  });
});

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import * as fc from 'fast-check';
import { generate } from 'selfsigned';
import { HoldfastError, LENGTH_BYTES, pack, type ServerId, serverId, unpack } from '#libs/protocol';
import { Certificate } from '#libs/tls';
import { BAD_TEXTS, NOT_PLAIN, nestings, referenceBomb } from '../../../tools/fuzz/src/not-plain.js';
import { NONCE_BYTES, packIntroduction, readIntroduction } from './handshake.js';
import {
  HANDSHAKE_TIMEOUT_MS,
  type LinkAddress,
  LinkIdentity,
  type LinkOptions,
  PING_MS,
  SILENT_PINGS_MAX,
  SILENT_PINGS_TOLD,
} from './link.options.js';
import { LINK_KIND } from './link-frames.js';
import type { LinkPeer } from './link-peer.js';
import { Links } from './links.js';
import { probeLink } from './probe-link.js';

const SECRET = 'the fleet’s own';
const closers: (() => void)[] = [];

afterEach(() => {
  jest.useRealTimers();
  for (const close of closers.splice(0)) close();
});

interface Side {
  readonly links: Links;
  readonly id: ServerId;
  readonly address: { id: ServerId; host: string; port: number };
  readonly opened: LinkPeer[];
  readonly closed: { id: ServerId; reason: string }[];
}

let names = 0;

async function newSide(options: Partial<LinkOptions> = {}): Promise<Side> {
  const id = serverId('game', `link-${++names}`);
  const links = new Links(
    { host: '127.0.0.1', port: 0, secret: SECRET, ...options },
    new (class extends LinkIdentity {
      override readonly id = id;
      override readonly incarnation = 7;
    })(),
  );
  closers.push(() => links.onApplicationShutdown());
  const opened: LinkPeer[] = [];
  const closed: Side['closed'] = [];
  links.onOpened((peer) => opened.push(peer));
  links.onClosed((peer, reason) => closed.push({ id: peer.id, reason }));
  return { links, id, address: { id, host: '127.0.0.1', port: await links.listen() }, opened, closed };
}

/** Two servers with a link between them. */
async function pair(options: Partial<LinkOptions> = {}) {
  const [a, b] = await Promise.all([newSide(options), newSide(options)]);
  const toB = await a.links.to(b.address);
  await until(() => b.links.get(a.id) !== undefined);
  return { a, b, toB, toA: b.links.get(a.id) as LinkPeer };
}

/** A socket that says to a link port what the test wants, and keeps what it hears. */
class Stranger {
  readonly socket = new Socket();
  heard = Buffer.alloc(0);
  chunks = 0;
  isClosed = false;

  constructor() {
    closers.push(() => this.socket.destroy());
    this.socket.on('data', (chunk) => {
      this.heard = Buffer.concat([this.heard, chunk]);
      this.chunks += 1;
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static async dial(port: number): Promise<Stranger> {
    const stranger = new Stranger();
    stranger.socket.connect(port, '127.0.0.1');
    await once(stranger.socket, 'connect');
    return stranger;
  }

  /** The nonce of the challenge. */
  async challenged(): Promise<Buffer> {
    await until(() => this.frames().length > 0);
    const [challenge] = this.frames();
    expect(challenge[0]).toBe(LINK_KIND.challenge);
    return challenge.subarray(1);
  }

  frames(): Buffer[] {
    const frames: Buffer[] = [];
    for (let at = 0; at + LENGTH_BYTES <= this.heard.length; ) {
      const end = at + LENGTH_BYTES + this.heard.readUInt32BE(at);
      if (end > this.heard.length) break;
      frames.push(this.heard.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    return frames;
  }

  /** Proves itself to the one it dialled. */
  async prove(who = { id: serverId('game', `stranger-${++names}`), incarnation: 1 }, secret = SECRET): Promise<ServerId> {
    this.socket.write(framed(LINK_KIND.proof, packIntroduction(secret, 'dial', await this.challenged(), randomBytes(NONCE_BYTES), who)));
    return who.id;
  }
}

function framed(kind: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + 1);
  head.writeUInt32BE(1 + body.length);
  head[LENGTH_BYTES] = kind;
  return Buffer.concat([head, body]);
}

async function until(isIt: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!isIt()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the handshake', () => {
  it('makes two servers known to each other, by id and incarnation', async () => {
    const { a, b, toB, toA } = await pair();
    expect([toB.id, toB.incarnation]).toEqual([b.id, 7]);
    expect([toA.id, toA.incarnation]).toEqual([a.id, 7]);
    expect(a.opened).toEqual([toB]);
    expect(await a.links.to(b.address)).toBe(toB);
  });

  it('dials once for many who ask at once', async () => {
    const [a, b] = await Promise.all([newSide(), newSide()]);
    const peers = await Promise.all(Array.from({ length: 5 }, () => a.links.to(b.address)));
    expect(new Set(peers).size).toBe(1);
    await until(() => b.opened.length > 0);
    expect(b.opened).toHaveLength(1);
  });

  it('tells a stranger a nonce and that its proof is refused, and nothing else', async () => {
    const { links, address, opened } = await newSide();
    const stranger = await Stranger.dial(address.port);
    expect(await stranger.challenged()).toHaveLength(NONCE_BYTES);
    await stranger.prove(undefined, 'a guess');
    await until(() => stranger.isClosed);
    expect(stranger.frames().slice(1)).toEqual([Buffer.from([LINK_KIND.refused])]);
    expect(opened).toEqual([]);
    expect([...links.all()]).toEqual([]);
  });

  it.each([
    ['no length at all', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame of nothing', Buffer.alloc(LENGTH_BYTES)],
    ['a frame of another kind', framed(LINK_KIND.request, pack({}))],
    ['a challenge in answer to a challenge', framed(LINK_KIND.challenge, randomBytes(NONCE_BYTES))],
    ['a proof that is no MessagePack', framed(LINK_KIND.proof, Buffer.from([0xc1, 0xff]))],
    ['a proof without a nonce', framed(LINK_KIND.proof, pack({ id: 'hf:game:x', incarnation: 1, mac: randomBytes(32) }))],
    ['a proof that is nil', framed(LINK_KIND.proof, pack(null))],
    [
      'a proof with a short MAC',
      framed(LINK_KIND.proof, pack({ id: 'hf:game:x', incarnation: 1, nonce: randomBytes(NONCE_BYTES), mac: randomBytes(3) })),
    ],
  ])('closes on %s', async (_, bytes) => {
    const { address, opened } = await newSide();
    const stranger = await Stranger.dial(address.port);
    await stranger.challenged();
    stranger.socket.write(bytes);
    await until(() => stranger.isClosed);
    expect(stranger.frames()).toHaveLength(1);
    expect(opened).toEqual([]);
  });

  it('lets a stranger promise no more bytes than a proof has', async () => {
    const { address } = await newSide();
    const stranger = await Stranger.dial(address.port);
    await stranger.challenged();
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(1_000_000);
    stranger.socket.write(length);
    await until(() => stranger.isClosed, HANDSHAKE_TIMEOUT_MS / 2);
  });

  it('waits for a proof so long', async () => {
    const { address } = await newSide({ handshakeTimeoutMs: 100 });
    const stranger = await Stranger.dial(address.port);
    await stranger.challenged();
    await until(() => stranger.isClosed, HANDSHAKE_TIMEOUT_MS / 2);
  });

  it('cuts the eldest of too many strangers, so that a server still comes in between', async () => {
    const [a, b] = await Promise.all([newSide(), newSide({ handshakesMax: 3 })]);
    const strangers: Stranger[] = [];
    for (let count = 0; count < 5; count += 1) {
      strangers.push(await Stranger.dial(b.address.port));
      await strangers[count].challenged();
    }
    await until(() => strangers[1].isClosed);
    expect(strangers.map(({ isClosed }) => isClosed)).toEqual([true, true, false, false, false]);
    const peer = await a.links.to(b.address);
    for (let count = 0; count < 5; count += 1) await (await Stranger.dial(b.address.port)).challenged();
    expect(peer.isOpen).toBe(true);
  });

  it('refuses a proof that was heard on another link', async () => {
    const { address } = await newSide();
    const honest = await Stranger.dial(address.port);
    const who = { id: serverId('game', 'honest'), incarnation: 1 };
    const proof = framed(LINK_KIND.proof, packIntroduction(SECRET, 'dial', await honest.challenged(), randomBytes(NONCE_BYTES), who));
    const thief = await Stranger.dial(address.port);
    await thief.challenged();
    thief.socket.write(proof);
    await until(() => thief.isClosed);
    expect(thief.frames().slice(1)).toEqual([Buffer.from([LINK_KIND.refused])]);
  });

  it('refuses its own word said back to it', () => {
    const [ours, theirs] = [randomBytes(NONCE_BYTES), randomBytes(NONCE_BYTES)];
    const who = { id: serverId('game', 'a'), incarnation: 1 };
    expect(readIntroduction(SECRET, 'dial', ours, packIntroduction(SECRET, 'dial', ours, theirs, who))?.who).toEqual(who);
    expect(readIntroduction(SECRET, 'accept', ours, packIntroduction(SECRET, 'dial', ours, theirs, who))).toBeNull();
    expect(readIntroduction(SECRET, 'dial', theirs, packIntroduction(SECRET, 'dial', ours, theirs, who))).toBeNull();
  });

  it('refuses a server that is another than the one dialled', async () => {
    const [a, b] = await Promise.all([newSide(), newSide()]);
    await expect(a.links.to({ ...b.address, id: serverId('game', 'somebody-else') })).rejects.toMatchObject({ code: 'server-lost' });
    await until(() => b.closed.length === b.opened.length);
    expect([...a.links.all()]).toEqual([]);
    expect([...b.links.all()]).toEqual([]);
  });

  it('refuses a server that does not know the secret, and signs nothing but a nonce for it', async () => {
    const a = await newSide();
    const asked: Buffer[] = [];
    const server = await listening((socket) => {
      socket.write(framed(LINK_KIND.challenge, Buffer.from('a text that somebody wants to have signed')));
      socket.on('data', (chunk) => asked.push(chunk));
    });
    await expect(a.links.to({ id: serverId('game', 'fake'), host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'server-lost',
    });
    expect(asked).toEqual([]);
  });

  it('tells both sides that their secrets differ, and who was dialled', async () => {
    const [a, b] = await Promise.all([newSide(), newSide({ secret: 'another secret' })]);
    const refused: LinkAddress[] = [];
    const unproved: ServerId[] = [];
    a.links.onRefused((address) => refused.push(address));
    b.links.onUnproved((claimed) => unproved.push(claimed));
    await expect(a.links.to(b.address)).rejects.toThrow(/LINK_SECRET/);
    expect(refused).toEqual([b.address]);
    expect(unproved).toEqual([a.id]);
    expect(b.opened).toEqual([]);
  });

  it('compares secrets without making a link', async () => {
    const [a, b, other] = await Promise.all([newSide(), newSide(), newSide({ secret: 'another secret' })]);
    const { port, close } = await listening(() => {});
    close();
    expect(await a.links.verify(b.address)).toBe('proved');
    expect(await a.links.verify(other.address)).toBe('refused');
    expect(await other.links.verify(a.address)).toBe('refused');
    expect(await a.links.verify({ ...b.address, id: serverId('game', 'somebody-else') })).toBe('unreachable');
    expect(await a.links.verify({ ...b.address, port })).toBe('unreachable');
    for (const side of [a, b, other]) expect(side.opened).toEqual([]);
  });

  it('takes no proof after one that it refused', async () => {
    const { address, opened } = await newSide();
    const stranger = await Stranger.dial(address.port);
    const nonce = await stranger.challenged();
    const who = { id: serverId('game', 'guesser'), incarnation: 1 };
    const proof = (secret: string) => framed(LINK_KIND.proof, packIntroduction(secret, 'dial', nonce, randomBytes(NONCE_BYTES), who));
    stranger.socket.write(Buffer.concat([proof('a guess'), proof(SECRET)]));
    await until(() => stranger.isClosed);
    expect(opened).toEqual([]);
  });

  it('rejects at once where nobody listens', async () => {
    const a = await newSide();
    const { port, close } = await listening(() => {});
    close();
    await expect(a.links.to({ id: serverId('game', 'gone'), host: '127.0.0.1', port })).rejects.toBeInstanceOf(HoldfastError);
  });

  it('cuts off who takes too long, however slowly they go on', async () => {
    jest.useFakeTimers({ doNotFake: [...REAL, 'setImmediate', 'Date'] });
    const { address } = await newSide();
    const stranger = await Stranger.dial(address.port);
    const nonce = await stranger.challenged();
    const proof = framed(
      LINK_KIND.proof,
      packIntroduction(SECRET, 'dial', nonce, randomBytes(NONCE_BYTES), { id: serverId('game', 'slow'), incarnation: 1 }),
    );
    for (let at = 0; at < 8; at++) {
      stranger.socket.write(proof.subarray(at, at + 1));
      jest.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS / 10);
    }
    await turns();
    expect(stranger.isClosed).toBe(false);
    jest.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS / 4);
    await until(() => stranger.isClosed);
  });

  it('of one who proves and breaks the link in one breath leaves no link behind', async () => {
    const side = await newSide();
    const stranger = await Stranger.dial(side.address.port);
    const who = { id: serverId('game', 'brief'), incarnation: 1 };
    const proof = packIntroduction(SECRET, 'dial', await stranger.challenged(), randomBytes(NONCE_BYTES), who);
    stranger.socket.write(Buffer.concat([framed(LINK_KIND.proof, proof), framed(9)]));
    await until(() => side.closed.length > 0);
    await turns();
    expect(side.opened.map(({ id }) => id)).toEqual([who.id]);
    expect(side.links.get(who.id)).toBeUndefined();
  });
});

describe('requests', () => {
  it('are answered, each with its own, in whatever order the answers come', async () => {
    const { toB, b } = await pair();
    const late: (() => void)[] = [];
    b.links.onRequest(async (_, pattern, data) => {
      if (pattern === 'slow') await new Promise<void>((resolve) => late.push(resolve));
      else late[0]?.();
      return { pattern, data };
    });
    const slow = toB.request('slow', 1);
    const fast = toB.request('fast', { deep: [1, 'two', null, new Uint8Array([3])] });
    expect(await fast).toEqual({ pattern: 'fast', data: { deep: [1, 'two', null, Buffer.from([3])] } });
    expect(await slow).toEqual({ pattern: 'slow', data: 1 });
  });

  it('go both ways on one link, whoever dialled', async () => {
    const { a, b, toA } = await pair();
    a.links.onRequest(async (peer) => peer.id);
    expect(await toA.request('who', null)).toBe(b.id);
  });

  it('that are refused carry the refusal, with whether to try again', async () => {
    const { toB, b } = await pair();
    b.links.onRequest(() => Promise.reject({ code: 'no-capacity', message: 'Full.', retry: true, retryAfterMs: 40 }));
    await expect(toB.request('x', 1)).rejects.toMatchObject({ code: 'no-capacity', message: 'Full.', retry: true, retryAfterMs: 40 });
  });

  it('whose answer cannot be sent are answered as an error, and break nothing', async () => {
    const { toB, b } = await pair();
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    b.links.onRequest(async (_, pattern) => (pattern === 'circle' ? circle : 'fine'));
    await expect(toB.request('circle', null)).rejects.toMatchObject({ code: 'internal' });
    expect(await toB.request('other', null)).toBe('fine');
  });

  it('without an answer fail in time, and an answer that comes later is nobody’s', async () => {
    const { toB, b } = await pair();
    let answer: (value: unknown) => void = () => {};
    b.links.onRequest((_, pattern) => (pattern === 'late' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve('now')));
    await expect(toB.request('late', null, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'unavailable', retry: true });
    answer('too late');
    expect(await toB.request('other', null)).toBe('now');
  });

  it('on a link that breaks fail at once, and so do those that come after', async () => {
    const { a, b, toB, toA } = await pair();
    b.links.onRequest(() => new Promise(() => {}));
    const waiting = [toB.request('x', 1), toB.request('y', 2)];
    const outcomes = Promise.allSettled(waiting);
    toA.close('had enough');
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'server-lost' } });
    await expect(toB.request('z', 3)).rejects.toMatchObject({ code: 'server-lost' });
    expect(a.closed.map(({ id }) => id)).toEqual([b.id]);
    await until(() => b.closed.length === 1);
    expect(b.closed).toEqual([{ id: a.id, reason: 'had enough' }]);
    expect([...a.links.all(), ...b.links.all()]).toEqual([]);
  });
});

describe('frames', () => {
  it('are told apart wherever the stream is cut', async () => {
    const { links, address } = await newSide();
    const events: unknown[] = [];
    links.onEvent((_, pattern, data) => events.push([pattern, data]));
    const frames: string[] = [];
    links.onFrame(LINK_KIND.toRoom, (_, frame) => frames.push(frame.toString('hex')));
    const event = framed(LINK_KIND.event, Buffer.concat([Buffer.from([4]), Buffer.from('tell'), pack({ n: 1 })]));
    const toRoom = framed(LINK_KIND.toRoom, randomBytes(40));
    const bytes = Buffer.concat([event, toRoom]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const stranger = await Stranger.dial(address.port);
      stranger.socket.setNoDelay(true);
      await stranger.prove();
      await until(() => stranger.frames().length === 2);
      stranger.socket.write(bytes.subarray(0, cut));
      await turns();
      stranger.socket.write(bytes.subarray(cut));
      await until(() => frames.length === cut);
      stranger.socket.destroy();
    }
    expect(events).toEqual(Array.from({ length: bytes.length - 1 }, () => ['tell', { n: 1 }]));
    expect(new Set(frames)).toEqual(new Set([toRoom.subarray(LENGTH_BYTES).toString('hex')]));
  });

  it('arrive in the order they were sent, events and frames alike', async () => {
    const { toB, b } = await pair();
    const seen: number[] = [];
    b.links.onEvent((_, __, data) => seen.push(data as number));
    b.links.onFrame(LINK_KIND.toPlayer, (_, frame) => seen.push(frame.readUInt32BE(1)));
    for (let n = 0; n < 2_000; n += 2) {
      toB.emit('n', n);
      toB.sendSessionFrame(LINK_KIND.toPlayer, n + 1, 1, randomBytes(n % 97));
    }
    await until(() => seen.length === 2_000);
    expect(seen).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  });

  it('carry a sync to many sessions as it was given', async () => {
    const { toB, b } = await pair();
    let frame = Buffer.alloc(0);
    b.links.onFrame(LINK_KIND.syncMany, (_, received) => {
      frame = Buffer.from(received);
    });
    toB.sendSyncMany(1_790_000_000_123, 42, [7, 1, 0xffff_ffff, 3], Buffer.from('body'));
    await until(() => frame.length > 0);
    expect([frame.readDoubleBE(1), frame.readUInt32BE(9), frame.readUInt16BE(13)]).toEqual([1_790_000_000_123, 42, 2]);
    expect([15, 19, 23, 27].map((at) => frame.readUInt32BE(at))).toEqual([7, 1, 0xffff_ffff, 3]);
    expect(frame.subarray(31).toString()).toBe('body');
  });

  it('of one turn leave in one write', async () => {
    const { links, address } = await newSide();
    const stranger = await Stranger.dial(address.port);
    const id = await stranger.prove();
    await until(() => stranger.frames().length === 2);
    const before = stranger.chunks;
    for (let n = 0; n < 200; n++) links.get(id)?.emit('n', n);
    await until(() => stranger.frames().length === 202);
    expect(stranger.chunks - before).toBe(1);
  });

  it('larger than a peer may send end the link', async () => {
    const { a, b, toB } = await pair({ frameBytesMax: 10_000 });
    toB.emit('large', randomBytes(10_001));
    await until(() => b.closed.length === 1);
    await until(() => a.closed.length === 1);
    expect(b.closed[0].reason).toMatch(/at most 10000 bytes/);
  });

  it('of an unknown kind, or that are no frames, end the link', async () => {
    for (const bad of [framed(9), framed(LINK_KIND.response, Buffer.from([0, 0])), framed(LINK_KIND.event, Buffer.from([200, 1]))]) {
      const side = await newSide();
      const stranger = await Stranger.dial(side.address.port);
      await stranger.prove();
      await until(() => side.opened.length === 1);
      stranger.socket.write(bad);
      await until(() => side.closed.length === 1);
      await until(() => stranger.isClosed);
    }
  });
});

/** `FUZZ_RUNS=100000 npx jest libs/link` for a long walk. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 2_000);

describe('whatever is sent', () => {
  it('as an introduction is a proof or nothing, and throws nothing', () => {
    const who = { id: serverId('game', 'a'), incarnation: 1 };
    const [ours, theirs] = [randomBytes(NONCE_BYTES), randomBytes(NONCE_BYTES)];
    const proof = packIntroduction(SECRET, 'dial', ours, theirs, who);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(proof.length - 1), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
        expect(readIntroduction(SECRET, 'dial', ours, bytes)).toBeNull();
        const bent = Buffer.from(proof);
        bent[at] ^= flip;
        expect(readIntroduction(SECRET, 'dial', ours, bent)).toBeNull();
        expect(readIntroduction(SECRET, 'dial', ours, proof.subarray(0, at))).toBeNull();
      }),
      { numRuns },
    );
  });

  it('by a peer after its proof ends its link at most, and never this process', async () => {
    const side = await newSide();
    side.links.onRequest(async (_, __, data) => data);
    const kinds = fc.constantFrom(...Object.values(LINK_KIND), 0, 9, 255);
    const samples = fc.sample(fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 20 }), numRuns / 20);
    for (const frames of samples) {
      const stranger = await Stranger.dial(side.address.port);
      const before = side.opened.length;
      await stranger.prove();
      await until(() => side.opened.length > before);
      stranger.socket.end(Buffer.concat(frames.map(([kind, body]) => framed(kind, body))));
      await until(() => side.closed.length === side.opened.length);
    }
    expect([...side.links.all()]).toEqual([]);
  });
});

describe('hostile MessagePack on a link', () => {
  /** Time in which a hostile frame is handled and the next peer is served. */
  const BOUND_MS = 1_000;
  const who = { id: serverId('game', 'a'), incarnation: 1 };
  const nonces = [randomBytes(NONCE_BYTES), randomBytes(NONCE_BYTES)] as const;

  async function within<Result>(ms: number, act: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    const result = await act();
    expect(performance.now() - startedAt).toBeLessThan(ms);
    return result;
  }

  it.each(NOT_PLAIN.flatMap(nestings))('proves nothing as an introduction: %s', (_name, bytes) => {
    expect(readIntroduction(SECRET, 'dial', nonces[0], bytes)).toBeNull();
  });

  it.each([
    ['a field more', { more: 1 }],
    ['a field less', { incarnation: undefined }],
    ['a map for an id', { id: {} }],
    ['an id that is none', { id: 'hf:game:\n' }],
    ['a long id', { id: `hf:game:${'x'.repeat(500)}` }],
    ['a nonce of another length', { nonce: randomBytes(15) }],
    ['a short HMAC', { mac: randomBytes(31) }],
    ['an incarnation that is no whole number', { incarnation: 0.5 }],
    ['an incarnation below zero', { incarnation: -1 }],
  ])('refuses an introduction with %s', (_name, fields) => {
    const proof = unpack(packIntroduction(SECRET, 'dial', ...nonces, who)) as object;
    const bent = Object.fromEntries(Object.entries({ ...proof, ...fields }).filter(([, value]) => value !== undefined));
    expect(readIntroduction(SECRET, 'dial', nonces[0], pack(proof))?.who).toEqual(who);
    expect(readIntroduction(SECRET, 'dial', nonces[0], pack(bent))).toBeNull();
  });

  it('closes the socket of a stranger that sends a reference bomb, and accepts the next server at once', async () => {
    const side = await newSide();
    await within(BOUND_MS, async () => {
      const stranger = await Stranger.dial(side.address.port);
      await stranger.challenged();
      stranger.socket.write(framed(LINK_KIND.proof, referenceBomb()));
      await until(() => stranger.isClosed);
      expect(stranger.frames()).toHaveLength(1);
      const honest = await Stranger.dial(side.address.port);
      await honest.prove();
      await until(() => side.opened.length === 1);
    });
  });

  const samples = [['a reference bomb', referenceBomb()] as const, ...NOT_PLAIN.filter((sample) => !BAD_TEXTS.includes(sample))];
  // Servers may nest somewhat deeper than players.
  it.each(samples.filter(([name]) => !name.includes('513')))(
    'ends the link of a server that sends %s, and no other link',
    async (_name, bytes) => {
      const side = await newSide();
      side.links.onRequest(async (_, __, data) => data);
      const other = await Stranger.dial(side.address.port);
      await other.prove();
      const pattern = [1, 0x78];
      const forms: [kind: number, head: number[]][] = [
        [LINK_KIND.request, [0, 0, 0, 1, ...pattern]],
        [LINK_KIND.event, pattern],
        [LINK_KIND.response, [0, 0, 0, 1, 0]],
        [LINK_KIND.response, [0, 0, 0, 1, 1]],
      ];
      for (const [kind, head] of forms) {
        await within(BOUND_MS, async () => {
          const before = side.closed.length;
          const peer = await Stranger.dial(side.address.port);
          const id = await peer.prove();
          await until(() => side.links.get(id) !== undefined);
          const asked =
            kind === LINK_KIND.response
              ? side.links
                  .get(id)
                  ?.request('x', null)
                  .catch((error: unknown) => error)
              : undefined;
          peer.socket.write(framed(kind, Buffer.concat([Buffer.from(head), bytes])));
          await until(() => peer.isClosed && side.closed.length > before);
          if (asked) expect(await asked).toMatchObject({ code: 'server-lost' });
        });
      }
      for (const { reason } of side.closed) expect(reason.length).toBeLessThan(300);
      expect([...side.links.all()]).toHaveLength(1);
    },
  );

  it('replaces wrong text in a frame of a server, and keeps the link', async () => {
    const side = await newSide();
    const heard: unknown[] = [];
    side.links.onEvent((_, __, data) => heard.push(data));
    const peer = await Stranger.dial(side.address.port);
    await peer.prove();
    for (const [, bytes] of BAD_TEXTS) peer.socket.write(framed(LINK_KIND.event, Buffer.concat([Buffer.from([1, 0x78]), bytes])));
    await until(() => heard.length === BAD_TEXTS.length);
    expect(side.closed).toEqual([]);
  });
});

/** Sockets and promises go on; intervals and the monotonic clock are the test's. */
const REAL = ['nextTick', 'queueMicrotask'] as const;
const CLOCK_ONLY = { doNotFake: [...REAL, 'setImmediate' as const, 'setTimeout' as const, 'clearTimeout' as const, 'Date' as const] };

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Seconds as the links see them, with time for their sockets in between. */
async function pass(pings: number): Promise<void> {
  for (let ping = 0; ping < pings; ping++) {
    jest.advanceTimersByTime(PING_MS);
    await turns();
  }
}

describe('a link to a peer that there is a link to already', () => {
  it('takes its place when the same side dials anew: the one before is closed, and what waits on it fails', async () => {
    const side = await newSide();
    const who = { id: serverId('game', `stranger-${++names}`), incarnation: 1 };
    const [before, after] = [await Stranger.dial(side.address.port), await Stranger.dial(side.address.port)];
    await before.prove(who);
    await until(() => side.opened.length === 1);
    const waiting = side.opened[0].request('x', 1);
    await after.prove(who);
    await expect(waiting).rejects.toMatchObject({ code: 'server-lost' });
    await until(() => before.isClosed);
    expect(side.closed).toEqual([{ id: who.id, reason: 'replaced by a newer link' }]);
    expect(side.links.get(who.id)).toBe(side.opened[1]);
    expect([side.opened[1].isOpen, after.isClosed]).toEqual([true, false]);
  });

  it('takes its place when the peer is in another life', async () => {
    const side = await newSide();
    const id = serverId('game', `stranger-${++names}`);
    const [before, after] = [await Stranger.dial(side.address.port), await Stranger.dial(side.address.port)];
    await before.prove({ id, incarnation: 1 });
    await after.prove({ id, incarnation: 2 });
    await until(() => before.isClosed);
    expect(side.links.get(id)?.incarnation).toBe(2);
  });

  it('stands beside it when both dialled each other at once, so that neither is closed under the other', async () => {
    const [a, b] = await Promise.all([newSide(), newSide()]);
    const [toB, toA] = await Promise.all([a.links.to(b.address), b.links.to(a.address)]);
    await until(() => a.opened.length === 2 && b.opened.length === 2);
    for (const side of [a, b]) side.links.onRequest((_, __, data) => Promise.resolve(data));
    expect(await Promise.all([toB.request('echo', 1), toA.request('echo', 2)])).toEqual([1, 2]);
    expect([a.closed, b.closed]).toEqual([[], []]);
  });
});

describe('a peer that falls silent', () => {
  it('is asked, and closed when it does not answer', async () => {
    jest.useFakeTimers(CLOCK_ONLY);
    const side = await newSide();
    const stranger = await Stranger.dial(side.address.port);
    const id = await stranger.prove();
    await until(() => side.opened.length === 1);
    await pass(SILENT_PINGS_MAX);
    expect(side.closed).toEqual([]);
    expect(stranger.frames().filter(([kind]) => kind === LINK_KIND.ping).length).toBeGreaterThan(2);
    await pass(2);
    await until(() => side.closed.length === 1);
    expect(side.closed).toEqual([{ id, reason: 'silent' }]);
    await until(() => stranger.isClosed);
  });

  it('is said to be silent before that, once, and said to be heard again when it is', async () => {
    jest.useFakeTimers(CLOCK_ONLY);
    const side = await newSide();
    const told: [ServerId, boolean][] = [];
    side.links.onSilence((peer, isSilent) => told.push([peer.id, isSilent]));
    const stranger = await Stranger.dial(side.address.port);
    const id = await stranger.prove();
    await until(() => side.opened.length === 1);
    await pass(SILENT_PINGS_TOLD + 1);
    expect(told).toEqual([]);
    await pass(3);
    expect(told).toEqual([[id, true]]);
    stranger.socket.write(framed(LINK_KIND.pong));
    await until(() => told.length === 2);
    expect(told[1]).toEqual([id, false]);
    await pass(1);
    expect([told.length, side.closed]).toEqual([2, []]);
  });

  it('but answers pings is kept', async () => {
    jest.useFakeTimers(CLOCK_ONLY);
    const { a, b } = await pair();
    await pass(4 * SILENT_PINGS_MAX);
    expect([a.closed, b.closed]).toEqual([[], []]);
  });

  it('while we slept ourselves is kept: what it said waits in the socket', async () => {
    jest.useFakeTimers(CLOCK_ONLY);
    const side = await newSide();
    const stranger = await Stranger.dial(side.address.port);
    await stranger.prove();
    await until(() => side.opened.length === 1);
    await pass(SILENT_PINGS_MAX);
    // Ours is a single late tick, not many missed ones.
    sleepOver(PING_MS * 10);
    await pass(1);
    stranger.socket.write(framed(LINK_KIND.pong));
    await turns();
    await pass(SILENT_PINGS_MAX - 1);
    expect(side.closed).toEqual([]);
  });

  it('and reads nothing either is closed, with all that was to be sent', async () => {
    jest.useFakeTimers(CLOCK_ONLY);
    const side = await newSide();
    const stranger = await Stranger.dial(side.address.port);
    const id = await stranger.prove();
    await until(() => side.opened.length === 1);
    const peer = side.opened[0];
    stranger.socket.pause();
    const much = randomBytes(1024 * 1024);
    // More than the kernel's buffers hold.
    for (let sent = 0; sent < 16; sent++) peer.emit('much', much);
    await turns();
    expect(peer.isCongested).toBe(true);
    await expect(peer.request('x', 1)).rejects.toMatchObject({ code: 'busy' });
    await pass(SILENT_PINGS_MAX + 2);
    await until(() => side.closed.length === 1, 2_000);
    expect(side.closed).toEqual([{ id, reason: 'silent' }]);
    expect(side.links.get(id)).toBeUndefined();
  });

  it('and is told goodbye by us is cut off all the same', async () => {
    const side = await newSide();
    const stranger = await Stranger.dial(side.address.port);
    await stranger.prove();
    await until(() => side.opened.length === 1);
    stranger.socket.pause();
    for (let sent = 0; sent < 16; sent++) side.opened[0].emit('much', randomBytes(1024 * 1024));
    side.opened[0].close('replaced');
    await until(() => side.closed.length === 1, 3_000);
    expect(side.closed[0].reason).toBe('replaced');
  });
});

/** The clock goes on and no timer runs, as in a process that was stopped. */
function sleepOver(ms: number): void {
  const before = performance.now();
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => before + ms + PING_MS);
  jest.advanceTimersByTime(PING_MS);
  spy.mockRestore();
}

describe('shutting down', () => {
  it('tells every peer, after what was written', async () => {
    const { a, b, toB } = await pair();
    const events: unknown[] = [];
    b.links.onEvent((_, pattern) => events.push(pattern));
    toB.emit('last', null);
    a.links.onApplicationShutdown();
    await until(() => b.closed.length === 1);
    expect(events).toEqual(['last']);
    expect(toB.isOpen).toBe(false);
  });
});

describe('a link over TLS', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-link-tls-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  async function newCa(name: string) {
    return generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    });
  }

  let made = 0;

  /** A server's certificate, signed by this one or by itself. */
  async function certificate(ca?: Awaited<ReturnType<typeof newCa>>): Promise<Certificate> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'server' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ...(ca && { ca: { cert: ca.cert, key: ca.private } }),
    });
    made += 1;
    const files = { cert: join(home, `${made}.crt`), key: join(home, `${made}.key`), ca: ca ? join(home, `${made}.ca`) : null };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
    if (ca) writeFileSync(files.ca as string, ca.cert);
    return new Certificate(files, { cert: 'LINK_TLS_CERT', key: 'LINK_TLS_KEY', ca: 'LINK_TLS_CA' });
  }

  it('carries requests, without a certificate that anybody else signed', async () => {
    const { toB, b } = await pair({ certificate: await certificate() });
    b.links.onRequest(async (_, pattern, data) => [pattern, data]);
    expect(await toB.request('ask', { a: 1 })).toEqual(['ask', { a: 1 }]);
  });

  it('with a CA takes those whom it signed, and nobody else, whatever secret they know', async () => {
    const [ours, theirs] = [await newCa('ours'), await newCa('theirs')];
    const [a, b] = [await newSide({ certificate: await certificate(ours) }), await newSide({ certificate: await certificate(ours) })];
    expect((await a.links.to(b.address)).isOpen).toBe(true);
    const foreign = await newSide({ certificate: await certificate(theirs) });
    await expect(foreign.links.to(b.address)).rejects.toMatchObject({ code: 'server-lost' });
    await expect(a.links.to(foreign.address)).rejects.toMatchObject({ code: 'server-lost' });
    const none = await newSide({ certificate: await certificate() });
    await expect(none.links.to(b.address)).rejects.toMatchObject({ code: 'server-lost' });
    expect(b.opened.map(({ id }) => id)).toEqual([a.id]);
  });

  it('does not speak with a server that speaks plainly, nor with another secret', async () => {
    const tls = await newSide({ certificate: await certificate() });
    const plain = await newSide({ handshakeTimeoutMs: 300 });
    await expect(plain.links.to(tls.address)).rejects.toMatchObject({ code: 'server-lost' });
    await expect(tls.links.to(plain.address)).rejects.toMatchObject({ code: 'server-lost' });
    const other = await newSide({ certificate: await certificate(), secret: 'another secret' });
    await expect(other.links.to(tls.address)).rejects.toMatchObject({ code: 'server-lost' });
    expect([...tls.links.all()]).toEqual([]);
  });

  it('is not made through one who ends TLS in between and passes on what both sides say', async () => {
    const between = await certificate();
    const [a, b] = [await newSide({ certificate: await certificate() }), await newSide({ certificate: await certificate() })];
    const server = createTlsServer(between.options, (socket) => {
      const onward = connectTls({ port: b.address.port, host: '127.0.0.1', rejectUnauthorized: false });
      for (const end of [socket, onward]) end.on('error', () => {});
      socket.pipe(onward).pipe(socket);
    });
    closers.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(a.links.to({ ...b.address, port })).rejects.toMatchObject({ code: 'server-lost' });
    expect(b.opened).toEqual([]);
  });

  it('is seen to live by whoever just looks, and gives up the place of a stranger that is gone', async () => {
    const side = await newSide({ certificate: await certificate(), handshakesMax: 2 });
    for (let count = 0; count < 4; count += 1) {
      expect(await side.links.probe({ host: '127.0.0.1', port: side.address.port, timeoutMs: 5_000 })).toBe('answered');
    }
    const other = await newSide({ certificate: await certificate() });
    expect((await other.links.to(side.address)).isOpen).toBe(true);
    const { port, close } = await listening(() => {});
    close();
    expect(await side.links.probe({ host: '127.0.0.1', port, timeoutMs: 5_000 })).toBe('refused');
  });
});

describe('a probe', () => {
  it('hears a living server', async () => {
    const { address } = await newSide();
    expect(await probeLink({ ...address, timeoutMs: 5_000 })).toBe('answered');
  });

  it('is refused where no process listens', async () => {
    const { port, close } = await listening(() => {});
    close();
    expect(await probeLink({ host: '127.0.0.1', port, timeoutMs: 5_000 })).toBe('refused');
  });

  it('hears nothing of a process that is stopped, and of one that was woken it does', async () => {
    const child = spawn(
      process.execPath,
      [
        '-e',
        "require('net').createServer((socket) => socket.end('me')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(String(line));
      expect(await probeLink({ host: '127.0.0.1', port, timeoutMs: 5_000 })).toBe('answered');
      child.kill('SIGSTOP');
      expect(await probeLink({ host: '127.0.0.1', port, timeoutMs: 200 })).toBe('silent');
      child.kill('SIGCONT');
      expect(await probeLink({ host: '127.0.0.1', port, timeoutMs: 5_000 })).toBe('answered');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('takes a server that hangs up without a word for silent', async () => {
    const { port } = await listening((socket) => socket.end());
    expect(await probeLink({ host: '127.0.0.1', port, timeoutMs: 5_000 })).toBe('silent');
  });
});

async function listening(accept: (socket: Socket) => void): Promise<{ port: number; close: () => void; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    accept(socket);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  closers.push(close);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, close, server };
}

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { LINK_KIND, NONCE_BYTES, packProof } from '#libs/link';
import { FrameSplitter, LENGTH_BYTES, serverId } from '#libs/protocol';
import { type Gateway, LINK_SECRET } from './gateway.js';
import { bentBytes, packed, streamOf } from './hostile.js';
import { Finding, inTime, type Target } from './target.js';
import { wildBytes } from './wild-bytes.js';

interface Case {
  /** True: the peer first sends a correct proof. The bytes then reach the code that otherwise reads only messages of servers. */
  readonly isProved: boolean;
  readonly bytes: Buffer;
}

const PATTERNS = ['room.detached', 'session.attached', 'room.open', 'server.drain', 'health.check', '__proto__', '', '{"a":1}'];

export function links({ linkPort }: Gateway): Target<Case> {
  let peers = 0;
  return {
    name: 'link frames',
    share: 7,
    cases: fc.record({ isProved: fc.boolean(), bytes: streamOf(linkFrame) }),
    async check({ isProved, bytes }) {
      const socket = connect(linkPort, '127.0.0.1');
      socket.on('error', () => {});
      const closed = new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
      });
      const heard: Buffer[] = [];
      let hears: () => void = () => {};
      const splitter = new FrameSplitter(1 << 24, (one) => {
        heard.push(Buffer.from(one));
        hears();
      });
      const said = (count: number) =>
        new Promise<void>((resolve) => {
          hears = () => heard.length >= count && resolve();
          hears();
        });
      socket.on('data', (chunk) => splitter.push(chunk));
      await inTime('a challenge', Promise.race([said(1), closed]));
      if (isProved) {
        const who = { id: serverId('game', `fuzz-${++peers % 8}`), incarnation: peers };
        const proof = packProof([LINK_SECRET], 'dial', heard[0].subarray(1), randomBytes(NONCE_BYTES), who);
        socket.write(framed(LINK_KIND.proof, proof));
        await inTime('a proof taken', Promise.race([said(2), closed]));
        if (heard[1]?.[0] !== LINK_KIND.ready) throw new Finding('a proof was refused');
      }
      socket.end(bytes);
      await inTime('the end of a link', closed);
      // The gateway must answer a well-formed proof with a wrong secret with `refused`, without details.
      const told = heard.slice(1);
      if (!isProved && (told.length > 1 || told.some((frame) => frame.length !== 1 || frame[0] !== LINK_KIND.refused)))
        throw new Finding('an unauthenticated peer got more than a nonce and a refusal');
    },
  };
}

const name = fc.constantFrom(...PATTERNS).map((pattern) => Buffer.from([pattern.length, ...Buffer.from(pattern)]));
const id = fc.uint8Array({ minLength: 4, maxLength: 4 });

const body = fc.oneof(packed, wildBytes);
/** The body of a proof: a proof with a wrong HMAC, with or without modifications, or other bytes. */
const proof = fc.oneof(
  bentBytes(
    fc.constant(
      Buffer.from(
        packProof(['another secret'], 'dial', Buffer.alloc(NONCE_BYTES), Buffer.alloc(NONCE_BYTES), {
          id: serverId('game', 'x'),
          incarnation: 1,
        }),
      ),
    ),
  ),
  wildBytes,
);

const linkFrame: fc.Arbitrary<Buffer> = fc.oneof(
  proof.map((bytes) => Buffer.concat([Buffer.from([LINK_KIND.proof]), bytes])),
  fc.tuple(id, name, body).map((parts) => Buffer.concat([Buffer.from([LINK_KIND.request]), ...parts])),
  fc.tuple(name, body).map((parts) => Buffer.concat([Buffer.from([LINK_KIND.event]), ...parts])),
  fc
    .tuple(id, fc.constantFrom(0, 1, 2), body)
    .map(([to, failed, bytes]) => Buffer.concat([Buffer.from([LINK_KIND.response, ...to, failed]), bytes])),
  fc
    .tuple(fc.oneof(fc.constantFrom(...Object.values(LINK_KIND)), fc.nat(255)), fc.uint8Array({ maxLength: 60 }))
    .map(([kind, body]) => Buffer.from([kind, ...body])),
);

function framed(kind: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + 1);
  head.writeUInt32BE(1 + body.length);
  head[LENGTH_BYTES] = kind;
  return Buffer.concat([head, body]);
}

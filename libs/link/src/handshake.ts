import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { pack, type ServerId, unpack } from '#libs/protocol';

/**
 * Both sides prove that they hold the fleet's secret, over both nonces, so that nothing heard on one link serves on
 * another. The listener speaks first and says nothing but a nonce.
 *
 *     listener → dialler   challenge: nonce
 *     dialler → listener   proof:     its nonce, id, incarnation, HMAC('dial', nonces, id, incarnation)
 *     listener → dialler   ready:     its id, incarnation, HMAC('accept', nonces, id, incarnation)
 *                       or refused:   nothing; the proof was not made with the listener's secret
 *
 * Over TLS the HMAC covers the channel as well, so that one who stands between and ends TLS on both sides cannot pass
 * the proofs on: each side's certificate may then be signed by itself. Source: RFC 5705, RFC 8446 section 7.5.
 */
export interface Introduction {
  readonly id: ServerId;
  readonly incarnation: number;
}

export const NONCE_BYTES = 16;

export function newNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

/** `verify`, `verified`: proofs that only compare secrets, and that serve for no link. */
export type Side = 'dial' | 'accept' | 'verify' | 'verified';

/** What stands for the TLS connection in the proofs; nothing where there is none. */
export function channelOf(socket: Socket): Uint8Array {
  return socket instanceof TLSSocket ? socket.exportKeyingMaterial(CHANNEL_BYTES, 'EXPORTER-holdfast-link-1', NO_CONTEXT) : NO_CHANNEL;
}

const CHANNEL_BYTES = 32;
const NO_CONTEXT = Buffer.alloc(0);
const NO_CHANNEL = new Uint8Array(0);

export function sign(
  secret: string,
  side: Side,
  theirNonce: Uint8Array,
  ownNonce: Uint8Array,
  who: Introduction,
  channel: Uint8Array = NO_CHANNEL,
): Buffer {
  return createHmac('sha256', secret)
    .update(`holdfast-link-1:${side}:${channel.length}:`)
    .update(channel)
    .update(theirNonce)
    .update(ownNonce)
    .update(`${who.id}:${who.incarnation}`)
    .digest();
}

export function packIntroduction(
  secret: string,
  side: Side,
  theirNonce: Uint8Array,
  ownNonce: Uint8Array,
  who: Introduction,
  channel?: Uint8Array,
): Uint8Array {
  return pack({ nonce: ownNonce, id: who.id, incarnation: who.incarnation, mac: sign(secret, side, theirNonce, ownNonce, who, channel) });
}

/** What is no nonce is not signed: whoever sends it wants our word for something else. */
export function isNonce(bytes: Uint8Array): boolean {
  return bytes.length === NONCE_BYTES;
}

/** Who they are, when they proved it; else null. Never throws: what a stranger sends is no reason to fail. */
export function readIntroduction(
  secret: string,
  side: Side,
  ownNonce: Uint8Array,
  bytes: Uint8Array,
  channel?: Uint8Array,
): { who: Introduction; nonce: Uint8Array } | null {
  try {
    const { nonce, id, incarnation, mac } = unpack(bytes) as Record<string, unknown>;
    if (!(nonce instanceof Uint8Array) || !isNonce(nonce) || !(mac instanceof Uint8Array)) return null;
    if (typeof id !== 'string' || typeof incarnation !== 'number') return null;
    const who = { id: id as ServerId, incarnation };
    const expected = sign(secret, side, ownNonce, nonce, who, channel);
    return mac.length === expected.length && timingSafeEqual(mac, expected) ? { who, nonce } : null;
  } catch {
    return null;
  }
}

/** Who the sender of an introduction by another secret says it is: good for a look, and for nothing else. Null: it is no introduction. */
export function claimedId(bytes: Uint8Array): ServerId | null {
  try {
    const { nonce, id, mac } = unpack(bytes) as Record<string, unknown>;
    const isIntroduction = nonce instanceof Uint8Array && isNonce(nonce) && mac instanceof Uint8Array && mac.length === MAC_BYTES;
    return isIntroduction && typeof id === 'string' ? (id as ServerId) : null;
  } catch {
    return null;
  }
}

const MAC_BYTES = 32;

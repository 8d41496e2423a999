import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { decodeValue, pack, type ReadLimits, type ServerId } from '#libs/protocol';

/**
 * Both sides prove that they have the fleet's secret. Each proof covers both nonces, so an attacker cannot replay it on
 * another link. The listener sends the first message, which contains only a nonce.
 *
 *     listener → dialer   challenge: nonce
 *     dialer → listener   proof:     its nonce, id, incarnation, HMAC('dial', nonces, id, incarnation)
 *     listener → dialer   ready:     its id, incarnation, HMAC('accept', nonces, id, incarnation)
 *                      or refused:   nothing; the proof was not made with the listener's secret
 *
 * A fleet has several secrets while it changes from one to the next. The dialer then sends one HMAC for each of its secrets, newest first.
 * The listener accepts any HMAC of a secret that it has, and proves this secret in its answer. So two servers need only one common secret.
 *
 * Over TLS the HMAC also covers the channel, so a proxy that ends TLS on both sides cannot forward the proofs. For this
 * reason self-signed certificates are enough. Source: RFC 5705, RFC 8446 section 7.5.
 */
export interface PeerIdentity {
  readonly id: ServerId;
  readonly incarnation: number;
}

export const NONCE_BYTES = 16;

export function newNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

/**
 * The purpose of a proof. `dial` and `accept` are for opening a link. `verify` and `verified` only compare secrets; a proof with these
 * roles cannot open a link.
 */
export type HandshakeRole = 'dial' | 'accept' | 'verify' | 'verified';

/** Returns the bytes that identify the TLS connection in the proofs. Without TLS there are no such bytes. */
export function channelOf(socket: Socket): Uint8Array {
  return socket instanceof TLSSocket ? socket.exportKeyingMaterial(CHANNEL_BYTES, 'EXPORTER-holdfast-link-1', NO_CONTEXT) : NO_CHANNEL;
}

const CHANNEL_BYTES = 32;
const NO_CONTEXT = Buffer.alloc(0);
const NO_CHANNEL = new Uint8Array(0);

export function sign(
  secret: string,
  side: HandshakeRole,
  theirNonce: Uint8Array,
  ownNonce: Uint8Array,
  identity: PeerIdentity,
  channel: Uint8Array = NO_CHANNEL,
): Buffer {
  return createHmac('sha256', secret)
    .update(`holdfast-link-1:${side}:${channel.length}:`)
    .update(channel)
    .update(theirNonce)
    .update(ownNonce)
    .update(`${identity.id}:${identity.incarnation}`)
    .digest();
}

/** Returns a proof with one HMAC for each secret. */
export function packProof(
  secrets: readonly string[],
  side: HandshakeRole,
  theirNonce: Uint8Array,
  ownNonce: Uint8Array,
  identity: PeerIdentity,
  channel?: Uint8Array,
): Uint8Array {
  return pack({
    nonce: ownNonce,
    id: identity.id,
    incarnation: identity.incarnation,
    mac: Buffer.concat(secrets.map((secret) => sign(secret, side, theirNonce, ownNonce, identity, channel))),
  });
}

/** Returns whether the bytes can be a nonce. A server signs only nonces, so that no peer can get a signature of other bytes. */
export function isNonce(bytes: Uint8Array): boolean {
  return bytes.length === NONCE_BYTES;
}

/**
 * Limits for the message of an unauthenticated peer: one map of four fields. A later version of the handshake can have more fields, which
 * these limits refuse. This is harmless, because a later version must use another name in the HMAC, so this version could not verify its
 * proofs anyway.
 */
const PROOF_LIMITS: ReadLimits = { nodes: 5, depth: 1, strictText: true };
const FIELDS = 4;
const MAC_BYTES = 32;
/** Maximum number of secrets in one proof. A rotation needs two; the others are for rotations that overlap. */
export const SECRETS_MAX = 4;
/** The server ids that `REDIS_PREFIX` and `SERVER_NAME` allow. */
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}:(gateway|lobby|game):[A-Za-z0-9._-]{1,64}$/;

/**
 * Returns the identity and the nonce of the peer, and the first of this server's secrets that the peer also has. Returns null when the
 * proof is not valid for any secret of this server. Never throws, not even for arbitrary bytes.
 */
export function readProof(
  secrets: readonly string[],
  side: HandshakeRole,
  ownNonce: Uint8Array,
  bytes: Uint8Array,
  channel?: Uint8Array,
): { identity: PeerIdentity; nonce: Uint8Array; secret: string } | null {
  const proof = decodeProof(bytes);
  if (proof === null) return null;
  const { identity, nonce, mac } = proof;
  const secret = secrets.find((own) => hasMac(mac, sign(own, side, ownNonce, nonce, identity, channel)));
  return secret === undefined ? null : { identity, nonce, secret };
}

function hasMac(macs: Uint8Array, expected: Uint8Array): boolean {
  for (let at = 0; at < macs.length; at += MAC_BYTES) if (timingSafeEqual(macs.subarray(at, at + MAC_BYTES), expected)) return true;
  return false;
}

function decodeProof(bytes: Uint8Array): { identity: PeerIdentity; nonce: Uint8Array; mac: Uint8Array } | null {
  let fields: Record<string, unknown>;
  try {
    fields = decodeValue(bytes, 0, bytes.length, PROOF_LIMITS) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null || Object.keys(fields).length !== FIELDS) return null;
  const { nonce, id, incarnation, mac } = fields;
  if (!(nonce instanceof Uint8Array) || !isNonce(nonce) || !(mac instanceof Uint8Array)) return null;
  if (mac.length === 0 || mac.length % MAC_BYTES !== 0 || mac.length > SECRETS_MAX * MAC_BYTES) return null;
  if (typeof id !== 'string' || !SERVER_ID.test(id)) return null;
  if (typeof incarnation !== 'number' || !Number.isSafeInteger(incarnation) || incarnation < 0) return null;
  return { identity: { id: id as ServerId, incarnation }, nonce, mac };
}

/**
 * Returns the server id in a proof, without a check of the HMAC. Use the id only to decide which server to verify, because any peer can
 * send any id. Null: the bytes are not a proof.
 */
export function claimedId(bytes: Uint8Array): ServerId | null {
  return decodeProof(bytes)?.identity.id ?? null;
}

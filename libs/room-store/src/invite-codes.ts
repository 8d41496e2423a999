import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { inviteKey } from './room-keys.js';

/** The 32 characters of a code (Crockford's Base32). I, L, O and U are missing, because people confuse them with 1, 0 and V. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/**
 * Length of a code, in characters: 40 bits. With 10,000 rooms and a thousand addresses that each try ten codes a minute
 * (`GUESSES_PER_ADDRESS`), a stranger finds a room in about eight days.
 */
const CODE_CHARACTERS = 8;
/**
 * Time for which the store keeps a code after its last renewal, in ms. The sweep of rooms and each use of the code renew it. So a code
 * expires only when no lobby runs for this time, or when its room was never created.
 */
const CODE_TTL_MS = 7 * 86_400_000;
/** Maximum number of attempts to find an unused code. With a billion rooms, one attempt in a thousand fails. */
const TRIES_MAX = 5;

/**
 * Finds rooms by their invite codes, with one read: each code is a key that contains the id of its room. The key is in another slot of a
 * Cluster than the record, so it is only a hint. The code in the document of the room decides. The key is written before the record. The
 * sweep restores a lost key.
 */
@Injectable()
export class InviteCodes {
  constructor(private readonly redis: RedisConnections) {}

  /** Gives the room a new, unused code and returns it. */
  async reserve(room: RoomId): Promise<string> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const code = newInviteCode();
      if (await this.redis.commands.set(inviteKey(code), room, 'PX', CODE_TTL_MS, 'NX')) return code;
    }
    throw new Error(`${TRIES_MAX} random invite codes were in use`);
  }

  /** Returns the room of a code. This room is possibly closed, or has another code now. Null: no room has the code. */
  async find(code: string): Promise<RoomId | null> {
    return (await this.redis.commands.getex(inviteKey(code), 'PX', CODE_TTL_MS)) as RoomId | null;
  }

  /** Renews the TTL of the codes of these rooms, and restores the codes that the store has lost. Idempotent. */
  async renew(rooms: readonly { readonly room: RoomId; readonly code: string }[]): Promise<void> {
    const found = await Promise.all(rooms.map(({ code }) => this.find(code)));
    const lost = rooms.filter((_, index) => found[index] === null);
    await Promise.all(lost.map(({ room, code }) => this.redis.commands.set(inviteKey(code), room, 'PX', CODE_TTL_MS, 'NX')));
  }

  /** Frees the codes of closed rooms. */
  async release(codes: readonly string[]): Promise<void> {
    await Promise.all(codes.map((code) => this.redis.commands.del(inviteKey(code))));
  }
}

/** Returns a random code. 256 is a multiple of 32, so each byte gives one character without bias. */
export function newInviteCode(): string {
  return Array.from(randomBytes(CODE_CHARACTERS), (byte) => ALPHABET[byte % 32]).join('');
}

/**
 * Returns the code that a person typed: upper case, without spaces and dashes, and with the digits for the letters O, I and L. Null: the
 * text cannot be a code.
 */
export function readInviteCode(text: string): string | null {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return code.length === CODE_CHARACTERS && [...code].every((character) => ALPHABET.includes(character)) ? code : null;
}

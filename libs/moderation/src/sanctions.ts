import { Injectable } from '@nestjs/common';
import { HoldfastError, type UserId } from '#libs/protocol';
import { RedisConnections, redisName, StoreClock } from '#libs/redis';
import { imposeSanction, liftSanction } from './scripts/sanction-scripts.js';

/** `ban`: the user cannot log in or resume. `mute`: the user cannot write in any chat. */
export type SanctionKind = 'ban' | 'mute';

export interface Sanction {
  readonly user: UserId;
  /** Store time at which the sanction ends, in ms since 1970. Null: the sanction lasts until an operator lifts it. */
  readonly until: number | null;
  /** Store time at which the sanction began, in ms since 1970. */
  readonly at: number;
  /** The operator who imposed the sanction. */
  readonly by: string;
  readonly note: string | null;
}

export interface SanctionPage {
  /** The sanctions of this page, newest first. */
  readonly sanctions: readonly Sanction[];
  /** The position after which the next page begins. Null: there are no further sanctions. */
  readonly next: string | null;
  readonly total: number;
}

/** Maximum number of sanctions of each kind. One sanction needs some 300 bytes, so this number of sanctions needs about 30 MB. */
export const SANCTIONS_MAX = 100_000;
/** Number of sanctions in one read of a page. */
const READ_AT_ONCE = 500;
/** Maximum number of sanctions that one call of `page` reads. */
const READ_MAX = 10_000;

/** All keys of one kind share a hash tag, so one script can use all of them in a Cluster. */
const keysOf = (kind: SanctionKind): [sanctions: string, order: string, ends: string] => [
  redisName(`{sanctions:${kind}}:users`),
  redisName(`{sanctions:${kind}}:order`),
  redisName(`{sanctions:${kind}}:ends`),
];

/** The bans and mutes of users, in Redis. */
@Injectable()
export class Sanctions {
  constructor(
    private readonly redis: RedisConnections,
    private readonly clock: StoreClock,
  ) {}

  /** Returns the sanction of a user. Null: the user has no sanction, or the sanction has ended. Needs one command of Redis. */
  async find(kind: SanctionKind, user: UserId): Promise<Sanction | null> {
    const json = await this.redis.commands.hget(keysOf(kind)[0], user);
    const sanction = json === null ? null : sanctionOf(user, json);
    return sanction && this.isActive(sanction) ? sanction : null;
  }

  /**
   * Imposes a sanction, which replaces an earlier sanction of the same kind. A repeated call changes only the time at which the sanction
   * began.
   *
   * @throws `busy` when there are too many sanctions
   */
  async impose(kind: SanctionKind, { user, until, by, note }: Omit<Sanction, 'at'>): Promise<Sanction> {
    const request = { user, until, json: JSON.stringify({ until, by, note }), max: SANCTIONS_MAX };
    const json = await imposeSanction(this.redis.commands, keysOf(kind), request);
    const sanction = json === null ? null : sanctionOf(user, json);
    if (!sanction)
      throw new HoldfastError('busy', `There are ${SANCTIONS_MAX} ${kind}s, the maximum. Lift some of them.`, { retry: false });
    return sanction;
  }

  /** Lifts a sanction. Returns false when the user has no sanction. Idempotent. */
  async lift(kind: SanctionKind, user: UserId): Promise<boolean> {
    const json = await liftSanction(this.redis.commands, keysOf(kind), user);
    const sanction = json === null ? null : sanctionOf(user, json);
    return sanction !== null && this.isActive(sanction);
  }

  /**
   * Returns a page of the sanctions that have not ended, newest first.
   *
   * @param query.text part of the user id, case-insensitive. Each call reads at most 10,000 sanctions, so a page can have fewer sanctions
   * than requested
   */
  async page(
    kind: SanctionKind,
    { text = '', limit, after }: { readonly text?: string; readonly limit: number; readonly after?: string },
  ): Promise<SanctionPage> {
    const { commands } = this.redis;
    const [users, order, ends] = keysOf(kind);
    const now = Math.floor(this.clock.storeTime());
    const [count, ended] = await Promise.all([commands.zcard(order), commands.zcount(ends, '-inf', now)]);
    const total = count - ended;
    const sanctions: Sanction[] = [];
    let last = after;
    for (let read = 0; read < READ_MAX; read += READ_AT_ONCE) {
      const entries = await commands.zrevrangebylex(order, last === undefined ? '+' : `(${last}`, '-', 'LIMIT', 0, READ_AT_ONCE);
      const texts = entries.length === 0 ? [] : await commands.hmget(users, ...entries.map(userOf));
      for (const [index, entry] of entries.entries()) {
        const json = texts[index];
        const sanction = json == null ? null : sanctionOf(userOf(entry), json);
        if (!sanction || !this.isActive(sanction) || !sanction.user.toLowerCase().includes(text.toLowerCase())) continue;
        if (sanctions.length === limit) return { sanctions, next: positionOf(sanctions[limit - 1]!), total };
        sanctions.push(sanction);
      }
      if (entries.length < READ_AT_ONCE) return { sanctions, next: null, total };
      last = entries[entries.length - 1]!;
    }
    return { sanctions, next: last ?? null, total };
  }

  private isActive({ until }: Sanction): boolean {
    return until === null || until > this.clock.storeTime();
  }
}

/** Returns the entry of a sanction in the sorted set `order`: `<time in 13 digits> <user>`. */
function positionOf({ at, user }: Sanction): string {
  return `${String(at).padStart(13, '0')} ${user}`;
}

function userOf(entry: string): UserId {
  return entry.slice(14) as UserId;
}

/** Returns null for text that is not a sanction, because another program can write to the key. */
function sanctionOf(user: UserId, json: string): Sanction | null {
  try {
    const { until, at, by, note } = JSON.parse(json) as Omit<Sanction, 'user'>;
    return typeof at === 'number' ? { user, until, at, by, note } : null;
  } catch {
    return null;
  }
}

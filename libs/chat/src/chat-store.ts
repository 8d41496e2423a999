import { Inject, Injectable } from '@nestjs/common';
import type { ChatEntry, UserId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { CHANNEL_BURST, CHANNEL_PER_MINUTE, CHAT_OPTIONS, type ChatOptions, IDS_KEPT, IDS_TTL_MS, MUTED_MAX } from './chat.options.js';
import { budgetKey, type ChatTarget, messagesKey, mutedKey, scriptKeys } from './chat-keys.js';

const shared = new URL('./scripts/budget.lua', import.meta.url);
const admitScript = new LuaScript('admit_message', [shared, new URL('./scripts/admit-message.lua', import.meta.url)], null);
const appendScript = new LuaScript('append_message', [shared, new URL('./scripts/append-message.lua', import.meta.url)], null);

/** A message to which the store has not given a number yet. */
export interface NewMessage {
  readonly user: UserId;
  readonly name: string;
  readonly text: string;
  /** The id that the client chose. It is unique among the messages of one user. */
  readonly id: string;
}

/**
 * The decision about a message. `ok`: the message may be sent. `stored`: the message was sent before. `wait`: a rate limit refuses the
 * message for the given time. `muted`: the user may not write. `gone`: the room does not exist.
 */
export type ChatAdmission =
  | { readonly kind: 'ok' | 'muted' | 'gone' }
  | { readonly kind: 'stored'; readonly entry: ChatEntry }
  | { readonly kind: 'wait'; readonly ms: number };

/** Stored messages of a channel. `missed`: the store has deleted some messages before or between these messages. */
export interface History {
  readonly entries: readonly ChatEntry[];
  /** The number of the newest stored message. 0: there is no message. */
  readonly last: number;
  readonly missed: boolean;
}

/** The messages of all channels in Redis. Every write is one script, so that several lobbies can write to a channel at the same time. */
@Injectable()
export class ChatStore {
  constructor(
    private readonly redis: RedisConnections,
    private readonly generation: StoreGeneration,
    @Inject(CHAT_OPTIONS) private readonly options: ChatOptions,
  ) {}

  async admit(target: ChatTarget, { user, id }: Pick<NewMessage, 'user' | 'id'>): Promise<ChatAdmission> {
    const { perMinute, burst } = this.options;
    const fullMs = Math.max(IDS_TTL_MS, Math.ceil((burst * 60_000) / perMinute));
    const args = [user, id, perMinute, burst, CHANNEL_PER_MINUTE, CHANNEL_BURST, fullMs];
    const [kind, detail] = (await admitScript.run(this.redis.commands, scriptKeys(target, user), args)) as [ChatAdmission['kind'], unknown];
    switch (kind) {
      case 'stored':
        return { kind, entry: entryOf(detail as string) };
      case 'wait':
        return { kind, ms: Number(detail) };
      default:
        return { kind };
    }
  }

  /** Stores a message and publishes it. A second message of the user with the same id is not stored. Null: the room does not exist. */
  async append(target: ChatTarget, { user, name, text, id }: NewMessage): Promise<ChatEntry | null> {
    const { kept, ttlMs } = this.options;
    const args = [id, this.generation.current ?? '-', JSON.stringify({ user, name, text }), kept, ttlMs, IDS_KEPT, IDS_TTL_MS];
    const [kind, message] = (await appendScript.run(this.redis.commands, scriptKeys(target, user), args)) as [string, string];
    return kind === 'stored' ? entryOf(message) : null;
  }

  /**
   * Returns at most `limit` messages, oldest first. Without `after`, returns the newest messages. With `after`, returns the first messages
   * after that number.
   */
  async history(target: ChatTarget, limit: number, after?: number): Promise<History> {
    const key = messagesKey(target);
    const stored = await this.redis.commands.lrange(key, after === undefined ? -limit : 0, -1);
    const entries = stored.map(entryOf);
    const last = entries.at(-1)?.seq ?? 0;
    if (after === undefined) return { entries, last, missed: false };
    const later = entries.filter(({ seq }) => seq > after).slice(0, limit);
    const missed = later.some(({ seq }, index) => seq !== (later[index - 1]?.seq ?? after) + 1);
    return { entries: later, last, missed: after > 0 && missed };
  }

  /** Mutes a user in a channel, or lets the user write again. Returns false when the channel has too many muted users. */
  async mute(target: ChatTarget, user: UserId, muted: boolean): Promise<boolean> {
    const { commands } = this.redis;
    const key = mutedKey(target);
    if (!muted) {
      await commands.srem(key, user);
      return true;
    }
    if ((await commands.scard(key)) >= MUTED_MAX) return false;
    await commands.sadd(key, user);
    await commands.pexpire(key, this.options.ttlMs);
    return true;
  }

  /** Removes the messages of a channel that has ended. */
  async forget(target: ChatTarget): Promise<void> {
    await this.redis.commands.del(messagesKey(target), mutedKey(target), budgetKey(target));
  }
}

/** Parses a stored or published message: `<seq> <ms> <generation> <JSON>`. */
export function entryOf(message: string): ChatEntry {
  const [, seq, time, json] = /^(\d+) (\d+) \S+ (.*)$/s.exec(message) ?? [];
  const { user, name, text } = JSON.parse(json ?? '{}') as Pick<ChatEntry, 'user' | 'name' | 'text'>;
  return { seq: Number(seq), user, name, time: Number(time), text };
}

import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Sanctions } from '#libs/moderation';
import {
  type Caller,
  CHAT_BYTES_MAX,
  CHAT_CHARACTERS_MAX,
  CHAT_HISTORY_MAX,
  type ChatEntry,
  HoldfastError,
  type Operations,
} from '#libs/protocol';
import { isMember, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { checkText } from '#libs/session';
import { Log } from '#libs/telemetry';
import { CHAT_OPTIONS, type ChatOptions, MUTED_MAX } from './chat.options.js';
import type { ChatTarget } from './chat-keys.js';
import { ChatModerator, type ChatVerdict, type ReviewedMessage } from './chat-moderator.js';
import { ChatStore } from './chat-store.js';

/** Sends and reads chat messages for players. The service keeps no state, so a player may use any lobby. */
@Injectable()
export class ChatService implements OnModuleInit {
  constructor(
    private readonly store: ChatStore,
    private readonly moderator: ChatModerator,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly log: Log,
    @Inject(CHAT_OPTIONS) private readonly options: ChatOptions,
    private readonly sanctions: Sanctions,
  ) {}

  onModuleInit(): void {
    // Removes the messages of a closed room at once instead of after their TTL, because no player can read them any more.
    this.records.onClosed((room) => {
      this.store.forget({ room }).catch((error: unknown) => this.log.debug('chat.forget-failed', { roomId: room, error }));
    });
  }

  /**
   * Sends a message. After a lost answer, the caller may repeat the message with the same id, and the message is still sent once.
   *
   * @throws `not-in-room`, `forbidden`, `room-unknown`, `chat-muted`, `rate-limited`, `chat-refused`, or `unavailable` when the moderation
   *   does not answer
   */
  async send(caller: Caller, { text, id, ...channel }: Operations['chat.send']['data']): Promise<ChatEntry> {
    const target = await this.targetOf(caller, channel);
    const { user, name } = caller;
    const [mute, admission] = await Promise.all([this.sanctions.find('mute', user), this.store.admit(target, { user, id })]);
    // A message that is already stored was sent before the mute. When the client repeats it, the client gets the stored message.
    if (mute && admission.kind !== 'stored') throw new HoldfastError('chat-muted', 'An operator has muted you in all chats.');
    switch (admission.kind) {
      case 'stored':
        return admission.entry;
      case 'gone':
        throw new HoldfastError('room-unknown');
      case 'muted':
        throw new HoldfastError('chat-muted');
      case 'wait':
        throw new HoldfastError('rate-limited', 'Too many chat messages; slow down.', { retryAfterMs: admission.ms });
      case 'ok': {
        const moderated = await this.moderated({ user, name, text, target });
        const entry = await this.store.append(target, { user, name, text: moderated, id });
        if (!entry) throw new HoldfastError('room-unknown');
        return entry;
      }
      default:
        return admission satisfies never;
    }
  }

  /** Returns stored messages. For a user who may not read the channel, throws the same errors as `send`. */
  async history(
    caller: Caller,
    { after, limit = CHAT_HISTORY_MAX, follow: _, ...channel }: Operations['chat.history']['data'],
  ): Promise<Operations['chat.history']['result']> {
    const { entries, last, missed } = await this.store.history(await this.targetOf(caller, channel), limit, after);
    return { messages: [...entries], last, ...(missed && { missed: true as const }) };
  }

  /**
   * Mutes a user in the chat of the caller's room, or lets the user write again. Idempotent.
   *
   * @throws `not-in-room`, `not-owner`, or `busy` when too many users are muted
   */
  async mute(caller: Caller, { user, muted }: Operations['chat.mute']['data']): Promise<void> {
    const { record } = await this.roomOf(caller);
    if (record.doc.host !== caller.user) throw new HoldfastError('not-owner');
    if (!(await this.store.mute({ room: record.id }, user, muted)))
      throw new HoldfastError('busy', `${MUTED_MAX} users are muted in this chat, the maximum.`, { retry: false });
  }

  private async targetOf(caller: Caller, channel: Operations['chat.history']['data']): Promise<ChatTarget> {
    if (channel.to === 'lobby') return { lobby: channel.game };
    const { record, watching } = await this.roomOf(caller);
    if (channel.room !== undefined && channel.room !== record.id) throw new HoldfastError('not-in-room', 'You are in another room by now.');
    if (watching && !isOpenToSpectators(record)) throw new HoldfastError('forbidden', 'The chat of this room is for its members only.');
    return { room: record.id };
  }

  private async roomOf({ user, room }: Caller): Promise<{ readonly record: RoomRecord; readonly watching: boolean }> {
    // After a failover, Redis may have lost the room of the user. In this case, the room in the request of the gateway is used.
    const pointer = (await this.userRooms.get(user)) ?? (room ? { room: room.id, watching: room.watching } : null);
    const record = pointer && (await this.records.read(pointer.room));
    if (!record || !(pointer.watching || isMember(record, user))) throw new HoldfastError('not-in-room');
    return { record, watching: pointer.watching };
  }

  /** Returns the text after moderation, which may have changed it. Throws `chat-refused`, or `unavailable` when the moderation fails. */
  private async moderated(message: ReviewedMessage): Promise<string> {
    const verdict = await this.verdictOn(message);
    if (verdict === 'pass') return message.text;
    if ('refuse' in verdict) throw new HoldfastError('chat-refused', verdict.refuse);
    const checked = checkText(verdict.text, { graphemesMax: CHAT_CHARACTERS_MAX, bytesMax: CHAT_BYTES_MAX });
    if (checked.ok) return checked.text;
    this.log.error('chat.moderated-text-refused', { moderator: this.moderator.constructor.name, reason: `The new text ${checked.flaw}` });
    throw new HoldfastError('unavailable');
  }

  private async verdictOn(message: ReviewedMessage): Promise<ChatVerdict> {
    const { moderationMs } = this.options;
    const over = new AbortController();
    const late = pause(moderationMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`review() has not answered within ${moderationMs} ms`);
    });
    try {
      return verdictOf(await Promise.race([(async () => this.moderator.review(message))(), late]));
    } catch (error) {
      this.log.error('chat.moderation-failed', { error });
      throw new HoldfastError('unavailable', 'The chat is not available right now.', { cause: error });
    } finally {
      late.catch(() => {});
      over.abort();
    }
  }
}

/**
 * Checks the value that a moderator has returned, because a moderator may be written in JavaScript, without types. Throws when the value is
 * not a verdict.
 */
function verdictOf(returned: unknown): ChatVerdict {
  if (returned === 'pass') return returned;
  if (typeof returned === 'object' && returned !== null) {
    if ('refuse' in returned && typeof returned.refuse === 'string') return { refuse: returned.refuse };
    if ('text' in returned && typeof returned.text === 'string') return { text: returned.text };
  }
  throw new Error('review() has returned no verdict: it must return "pass", { text } or { refuse }, with texts');
}

/** Returns whether spectators of the room receive its chat and may write in it. */
export function isOpenToSpectators({ doc }: RoomRecord): boolean {
  return doc.spectatorChat === true;
}

import { type ChatChannel, type ChatEntry, type ChatMessage, HoldfastError, type RoomId } from '#libs/protocol';
import { Emitter } from './emitter.js';
import { untilAnswered } from './request-retry.js';
import type { Session } from './session.js';

/** The events of a chat, each with the arguments of its listeners. */
export interface ChatEvents {
  /** A new message, also a message of this player. The chat emits each message once, in the order of the channel. */
  message: [message: ChatEntry];
  /** The chat has read the stored messages for the first time. `messages` contains them. */
  ready: [];
  /** The server has deleted messages that belong before the next `message`. */
  missed: [];
  /** The chat is over: the player left the room, the session ended, or this client closed the chat. */
  closed: [];
}

/** The chat of a room, or of the lobby of a game. */
export interface Chat {
  /** The latest messages, oldest first. After each change, this field is a new array. */
  readonly messages: readonly ChatEntry[];
  readonly isClosed: boolean;
  /**
   * Sends a message. The server stores the message once, even if the client repeats it after a lost connection or server.
   *
   * @throws `rate-limited` with `retryAfterMs`, `bad-data` for a text that is not allowed, `chat-refused` with the reason of the
   * moderation, `chat-muted`, `not-in-room`, `forbidden` for a spectator of a room that does not let spectators write
   */
  send(text: string): Promise<ChatEntry>;
  /** Calls `listener` for each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof ChatEvents>(name: Name, listener: (...args: ChatEvents[Name]) => void): () => void;
  /** Stops receiving messages. */
  close(): void;
}

/** The options of `openChat`. */
export interface OpenChatOptions {
  /** Maximum number of messages that `messages` keeps. Default: 200. */
  readonly keep?: number;
}

/** The functions of a session that a chat needs. */
export type ChatSession = Pick<Session, 'request' | 'on'> & {
  readonly room: { readonly id: RoomId; on(name: 'left', listener: () => void): () => void } | null;
};

/**
 * Opens the chat of the player's room (`to: 'room'`), or of the lobby of a game. A session receives the messages of one lobby at a time:
 * the lobby whose chat it opened last.
 *
 * @throws `not-in-room` when the player is in no room
 *
 * @example
 * const chat = openChat(session, { to: 'room' });
 * chat.on('message', ({ name, text }) => console.log(`${name}: ${text}`));
 * await chat.send('Good luck!');
 */
export function openChat(
  session: ChatSession,
  to: { to: 'room' } | { to: 'lobby'; game: string },
  { keep = 200 }: OpenChatOptions = {},
): Chat {
  if (to.to === 'lobby') return new LiveChat(session, to, keep);
  const { room } = session;
  if (!room) throw new HoldfastError('not-in-room');
  const chat = new LiveChat(session, { to: 'room', room: room.id }, keep);
  room.on('left', () => chat.close());
  return chat;
}

/**
 * Error codes after which `send` repeats the message. The server may have stored the message already, and recognizes the repeat by its id.
 */
const UNCERTAIN: ReadonlySet<string> = new Set(['server-lost', 'unavailable']);
/** Maximum number of attempts of `send`. Without a connection, an attempt waits for the next connection. */
const SEND_TRIES_MAX = 3;

class LiveChat implements Chat {
  messages: readonly ChatEntry[] = [];
  isClosed = false;
  /** The highest `seq` that was emitted. 0: no message was emitted yet. */
  private last = 0;
  private isReady = false;
  /** Messages that arrived before an earlier message, by `seq`. */
  private readonly early = new Map<number, ChatEntry>();
  private isReading = false;
  private mustReadAgain = false;
  private readonly emitter = new Emitter<ChatEvents>();
  private readonly stops: (() => void)[];

  constructor(
    private readonly session: ChatSession,
    private readonly channel: ChatChannel,
    private readonly keep: number,
  ) {
    this.stops = [
      session.on('chat', (message) => this.received(message)),
      // The client may have missed messages between two connections, so it requests them. With this request, it also follows the chat of a
      // lobby over the new connection.
      session.on('status', (status) => {
        if (status === 'open') this.read();
      }),
      session.on('closed', () => this.close()),
    ];
    this.read();
  }

  on<Name extends keyof ChatEvents>(name: Name, listener: (...args: ChatEvents[Name]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  async send(text: string): Promise<ChatEntry> {
    if (this.isClosed) throw new HoldfastError('not-in-room', 'This chat is closed.');
    const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    for (let tries = 1; ; tries++) {
      try {
        const { message } = await this.session.request('chat.send', { ...this.channel, text, id });
        this.take(message);
        return message;
      } catch (error) {
        if (!(error instanceof HoldfastError && UNCERTAIN.has(error.code)) || tries >= SEND_TRIES_MAX || this.isClosed) throw error;
      }
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const stop of this.stops) stop();
    if (this.channel.to === 'lobby') this.session.request('chat.history', { ...this.channel, limit: 1, follow: false }).catch(() => {});
    this.emitter.emit('closed');
  }

  private received(message: ChatMessage): void {
    const isMine = this.channel.to === 'room' ? message.room === this.channel.room : message.lobby === this.channel.game;
    const { seq, user, name, time, text } = message;
    if (isMine) this.take({ seq, user, name, time, text });
  }

  private take(entry: ChatEntry): void {
    if (this.isClosed || entry.seq <= this.last) return;
    this.early.set(entry.seq, entry);
    if (!this.isReady || entry.seq > this.last + 1) this.read();
    else this.emitNext();
  }

  /** Emits the early messages that follow the last emitted message without a gap. */
  private emitNext(): void {
    for (let next = this.early.get(this.last + 1); next; next = this.early.get(this.last + 1)) this.emit(next);
  }

  private emit(entry: ChatEntry): void {
    this.early.delete(entry.seq);
    this.last = entry.seq;
    this.messages = [...this.messages.slice(1 - this.keep), entry];
    this.emitter.emit('message', entry);
  }

  /**
   * Requests the messages after the last emitted one. Only one request runs at a time. If this method is called during a request, it sends
   * one more request afterwards.
   */
  private read(): void {
    if (this.isReading) {
      this.mustReadAgain = true;
      return;
    }
    this.isReading = true;
    void this.readAll().finally(() => {
      this.isReading = false;
    });
  }

  private async readAll(): Promise<void> {
    do {
      this.mustReadAgain = false;
      try {
        await untilAnswered(() => this.readPage());
      } catch {
        // The player may not read this chat any more. The session reports why, for example with `left`.
        return;
      }
    } while (this.mustReadAgain && !this.isClosed);
  }

  private async readPage(): Promise<void> {
    if (this.isClosed) return;
    const { last: after } = this;
    // The server stored every message up to the latest early message. If the answer lacks one of them, the server has deleted it.
    const covered = Math.max(0, ...this.early.keys());
    const follow = this.channel.to === 'lobby' ? { follow: true } : {};
    const { messages, last, missed } = await this.session.request('chat.history', {
      ...this.channel,
      ...(after > 0 && { after }),
      ...follow,
    });
    if (this.isClosed) return;
    if (missed) this.emitter.emit('missed');
    for (const entry of messages) if (entry.seq > this.last) this.emit(entry);
    if (this.last < last && messages.length > 0) this.mustReadAgain = true;
    else this.emitEarly(Math.max(last, covered));
    if (this.isReady) return;
    this.isReady = true;
    this.emitter.emit('ready');
  }

  /**
   * Emits the early messages without waiting for messages that the server has deleted.
   * @param stored the `seq` up to which the client waits for no message: each one was emitted, is among the early messages, or was deleted
   * by the server
   */
  private emitEarly(stored: number): void {
    for (const seq of [...this.early.keys()].sort((a, b) => a - b)) {
      if (seq <= this.last) this.early.delete(seq);
      else if (seq <= stored || seq === this.last + 1) this.emit(this.early.get(seq) as ChatEntry);
      else this.mustReadAgain = true;
    }
  }
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { inBatches } from '#libs/async';
import { ExtensionExplorer } from '#libs/extension';
import type { ChatEntry, RoomId, SessionId } from '#libs/protocol';
import { PubSub, StoreClock } from '#libs/redis';
import { CHAT_OPTIONS, type ChatOptions, RECENT_MS, SWEEP_MS } from './chat.options.js';
import { ChatAudience, type ChatListener } from './chat-audience.js';
import { ChatFeed } from './chat-feed.js';
import { type ChatTarget, messagesKey } from './chat-keys.js';
import { ChatStore, entryOf, type History } from './chat-store.js';

interface FollowedChannel {
  readonly feed: ChatFeed;
  close(): void;
}

interface FollowedLobby {
  readonly channel: FollowedChannel;
  readonly listeners: Map<SessionId, ChatListener>;
}

/**
 * Delivers chat messages to the sessions at this gateway. Subscribes to the channel of each room with a session at this gateway, and of
 * each lobby that a session at this gateway follows.
 */
@Injectable()
export class ChatDelivery implements OnModuleInit {
  private readonly rooms = new Map<RoomId, FollowedChannel>();
  private readonly lobbies = new Map<string, FollowedLobby>();
  private reconnects = 0;

  constructor(
    private readonly store: ChatStore,
    private readonly pubSub: PubSub,
    private readonly clock: StoreClock,
    private readonly explorer: ExtensionExplorer,
    @Inject(CHAT_OPTIONS) private readonly options: ChatOptions,
  ) {}

  onModuleInit(): void {
    const audience = this.explorer.single(ChatAudience);
    audience?.onRooms({
      occupied: (room) => {
        this.rooms.set(
          room,
          this.open({ room }, (frame) => audience.sendToRoom(room, frame)),
        );
      },
      vacated: (room) => {
        this.rooms.get(room)?.close();
        this.rooms.delete(room);
      },
    });
    this.pubSub.onReconnect(() => void this.catchUpAll());
  }

  /**
   * Delivers the chat of the lobby of this game to the listener from now on. A listener follows one lobby at a time.
   * @param seen number of the newest message when the listener read the chat; the listener gets each later message
   */
  follow(listener: ChatListener, game: string, seen: number): void {
    for (const [other, { listeners }] of this.lobbies) if (other !== game) this.removeFrom(other, listeners, listener.session);
    let lobby = this.lobbies.get(game);
    if (!lobby) {
      const listeners = new Map<SessionId, ChatListener>();
      lobby = { channel: this.open({ lobby: game }, (frame) => sendToOpen(listeners, frame), seen), listeners };
      this.lobbies.set(game, lobby);
    }
    lobby.listeners.set(listener.session, listener);
    lobby.channel.feed.repeatAfter(seen);
  }

  /** Ends the delivery of the chat of a lobby to this session. */
  unfollow(session: SessionId): void {
    for (const [game, { listeners }] of this.lobbies) this.removeFrom(game, listeners, session);
  }

  /** Removes the followers whose connections are closed. */
  @Interval(SWEEP_MS)
  sweep(): void {
    for (const [game, { listeners }] of this.lobbies)
      for (const [session, { isOpen }] of listeners) if (!isOpen) this.removeFrom(game, listeners, session);
  }

  private removeFrom(game: string, listeners: Map<SessionId, ChatListener>, session: SessionId): void {
    if (!listeners.delete(session) || listeners.size > 0) return;
    this.lobbies.get(game)?.channel.close();
    this.lobbies.delete(game);
  }

  private open(target: ChatTarget, send: (frame: Uint8Array) => void, last: number | null = null): FollowedChannel {
    const key = messagesKey(target);
    const feed = new ChatFeed(target, (after) => this.readOf(target, after), send, last);
    const handler = (message: string): void => {
      const entry = parseEntry(message);
      if (entry) feed.take(entry);
      // This build cannot parse the published message, so the feed reads the stored messages instead.
      else void feed.catchUp();
    };
    // This gateway misses messages that were published after the client's read and before it subscribes to the Redis channel. So the feed
    // reads the stored messages again.
    void this.pubSub.subscribe(key, handler).then(() => feed.catchUp());
    return { feed, close: () => void this.pubSub.unsubscribe(key, handler) };
  }

  private async readOf(target: ChatTarget, after: number | null): Promise<Pick<History, 'entries' | 'last'>> {
    const { kept } = this.options;
    if (after !== null) return this.store.history(target, kept, after);
    const { entries, last } = await this.store.history(target, kept);
    const since = this.clock.storeTime() - RECENT_MS;
    return { entries: entries.filter(({ time }) => time > since), last };
  }

  /** Sends the messages that were published while the connection of `PubSub` was lost. */
  private async catchUpAll(): Promise<void> {
    const reconnect = ++this.reconnects;
    const channels = [...this.rooms.values(), ...[...this.lobbies.values()].map(({ channel }) => channel)];
    for await (const some of inBatches(channels)) {
      if (this.reconnects !== reconnect) return;
      await Promise.all(some.map(({ feed }) => feed.catchUp()));
    }
  }
}

/** Parses a published message. Null: this build cannot read it. */
function parseEntry(message: string): ChatEntry | null {
  try {
    return entryOf(message);
  } catch {
    return null;
  }
}

function sendToOpen(listeners: Map<SessionId, ChatListener>, frame: Uint8Array): void {
  for (const listener of listeners.values()) if (listener.isOpen) listener.sendFrame(frame);
}

import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import {
  type Control,
  encodeServerMessage,
  HEADER,
  listChange,
  type RoomListQuery,
  type RoomSummary,
  type RoomsMessage,
} from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { EDGE_BACKLOG_LIST_BYTES, LIST_FEED_MS, LIST_FEEDS_MAX } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { LobbyRouter } from './lobby-router.js';

/** A query for a list of rooms, and all sessions of this gateway that subscribe to the list. */
interface Feed {
  readonly query: RoomListQuery;
  /** The tag with which a lobby identifies the version of `rooms`. Null: this gateway has not read the list yet. */
  tag: string | null;
  rooms: readonly RoomSummary[];
  readonly subscribers: Map<GatewaySession, Subscriber>;
}

interface Subscriber {
  /** The connection of the subscriber. The subscription ends when this connection closes. */
  readonly connection: PlayerConnection;
  /** The id of the request for the subscription. */
  readonly id: number;
  /** True when the client has missed changes. The gateway then sends the whole list. */
  isStale: boolean;
}

/**
 * Sends the changes of lists of rooms to the sessions that subscribe to them. Every `LIST_FEED_MS`, the gateway requests all subscribed
 * lists from one lobby and receives the lists that changed. It encodes each change once for all sessions of a list. A client that reads too
 * slowly gets the whole list later instead of all changes.
 */
@Injectable()
export class RoomListFeeds {
  private readonly feeds = new Map<string, Feed>();
  private readonly feedOf = new Map<GatewaySession, Feed>();
  private isReading = false;

  constructor(
    private readonly lobbies: LobbyRouter,
    private readonly log: Log,
  ) {}

  /**
   * Subscribes a session to a list, and ends the session's earlier subscription. `rooms`: the list that the client has. Returns false when
   * this gateway already follows `LIST_FEEDS_MAX` lists.
   */
  subscribe(
    session: GatewaySession,
    connection: PlayerConnection,
    id: number,
    query: RoomListQuery,
    rooms: readonly RoomSummary[],
  ): boolean {
    this.unsubscribe(session);
    const key = JSON.stringify(query);
    let feed = this.feeds.get(key);
    if (!feed) {
      if (this.feeds.size >= LIST_FEEDS_MAX) return false;
      feed = { query, tag: null, rooms, subscribers: new Map() };
      this.feeds.set(key, feed);
    }
    const isStale = feed.rooms !== rooms && JSON.stringify(feed.rooms) !== JSON.stringify(rooms);
    feed.subscribers.set(session, { connection, id, isStale });
    this.feedOf.set(session, feed);
    return true;
  }

  unsubscribe(session: GatewaySession): void {
    const feed = this.feedOf.get(session);
    if (!feed) return;
    this.feedOf.delete(session);
    feed.subscribers.delete(session);
    if (feed.subscribers.size === 0) this.feeds.delete(JSON.stringify(feed.query));
  }

  get subscriptions(): number {
    return this.feedOf.size;
  }

  @Interval(LIST_FEED_MS)
  async read(): Promise<void> {
    this.dropDisconnected();
    if (this.isReading || this.feeds.size === 0) return;
    this.isReading = true;
    try {
      const feeds = [...this.feeds.values()];
      const queries = feeds.map(({ query, tag }) => ({ query, tag }));
      const { lists } = (await this.lobbies.request('lists.read', { queries })) as Control['lists.read']['answer'];
      for (const [index, feed] of feeds.entries()) this.publish(feed, lists[index] ?? null);
    } catch (error) {
      // Does not change the tags, so that the next answer contains all changes since the last successful read.
      this.log.debug('lists.read-failed', { error });
    } finally {
      this.isReading = false;
    }
  }

  private publish(feed: Feed, list: { readonly tag: string; readonly rooms: RoomSummary[] } | null): void {
    const before = feed.rooms;
    if (list) {
      feed.tag = list.tag;
      feed.rooms = list.rooms;
    }
    const change = list && listChange(before, feed.rooms);
    let changes: Uint8Array | undefined;
    let whole: Uint8Array | undefined;
    for (const subscriber of feed.subscribers.values()) {
      if (!subscriber.isStale && change === null) continue;
      if (subscriber.connection.backlogBytes > EDGE_BACKLOG_LIST_BYTES) {
        subscriber.isStale = true;
        continue;
      }
      if (subscriber.isStale) {
        subscriber.isStale = false;
        whole ??= frameOf({ rooms: [...feed.rooms] });
        send(subscriber, whole);
      } else {
        changes ??= frameOf(change!);
        send(subscriber, changes);
      }
    }
  }

  private dropDisconnected(): void {
    for (const [session, feed] of this.feedOf) {
      const connection = feed.subscribers.get(session)?.connection;
      if (!connection?.isOpen || session.connection !== connection) this.unsubscribe(session);
    }
  }
}

function frameOf(message: Omit<RoomsMessage, 'kind' | 'id'>): Uint8Array {
  return encodeServerMessage({ kind: 'rooms', id: 0, ...message });
}

/** Sends a copy of `frame` with the request id of the subscriber in its header. */
function send({ connection, id }: Subscriber, frame: Uint8Array): void {
  const own = Buffer.from(frame);
  own.writeUInt32BE(id, HEADER.rooms.id);
  connection.sendFrame(own);
}

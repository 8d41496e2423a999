import { applyListChange, HoldfastError, type RoomListQuery, type RoomSummary, toErrorBody } from '#libs/protocol';
import { Emitter } from './emitter.js';
import type { Session } from './session.js';

/** The events of a list of rooms, each with the arguments of its listeners. */
export interface RoomListEvents {
  /** The list has changed, or the client has read it again after a reconnect. */
  change: [rooms: readonly RoomSummary[]];
  /** The subscription failed after a reconnect. The list does not change any more. */
  error: [error: HoldfastError];
}

/** A list of public rooms. The client updates it until the program closes the list or the session ends. */
export interface RoomListing {
  /** The current rooms. After each change, this field is a new array. */
  readonly rooms: readonly RoomSummary[];
  /** Calls `listener` for each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof RoomListEvents>(name: Name, listener: (...args: RoomListEvents[Name]) => void): () => void;
  /** Ends the subscription. The list does not change any more. */
  close(): void;
}

/** The part of a session that a list uses. */
export type ListingSession = Pick<Session, 'request' | 'on' | 'status'>;

/**
 * Returns the first page of the query as a list that the client keeps current, also after a reconnect. A session has one current list:
 * after a second call, the first list does not change any more.
 *
 * @throws `bad-data` with the name of a wrong field, `busy` when the gateway follows too many lists, `unavailable` when the server runs an
 *   older version of Holdfast, which does not support subscriptions
 *
 * @example
 * const list = await followRooms(session, { game: 'chess', filter: { 'options.minutes': 5 } });
 * list.on('change', (rooms) => show(rooms));
 */
export async function followRooms(session: ListingSession, query: RoomListQuery = {}): Promise<RoomListing> {
  const list = new LiveRoomList(session, query);
  try {
    await list.subscribe();
  } catch (error) {
    list.stop();
    throw error;
  }
  return list;
}

class LiveRoomList implements RoomListing {
  rooms: readonly RoomSummary[] = [];
  /** True while the subscription has no answer. Messages that arrive before the answer belong to an earlier subscription. */
  private isPending = false;
  private isClosed = false;
  private readonly emitter = new Emitter<RoomListEvents>();
  private readonly stops: (() => void)[];

  constructor(
    private readonly session: ListingSession,
    private readonly query: RoomListQuery,
  ) {
    this.stops = [
      session.on('rooms', (message) => {
        if (!this.isPending) this.become(message.rooms ?? applyListChange(this.rooms, message));
      }),
      // A subscription ends with its connection, so the list subscribes again after a reconnect. The session itself repeats a subscription
      // that has no answer yet.
      session.on('status', (status) => {
        if (status === 'open' && !this.isPending) this.subscribe().catch((error: unknown) => this.failed(error));
      }),
      session.on('closed', () => this.stop()),
    ];
  }

  on<Name extends keyof RoomListEvents>(name: Name, listener: (...args: RoomListEvents[Name]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  close(): void {
    if (this.isClosed) return;
    this.stop();
    if (this.session.status === 'open') this.session.request('rooms.unsubscribe', undefined).catch(() => {});
  }

  /** Stops the updates of the list. Sends no message to the server. */
  stop(): void {
    this.isClosed = true;
    for (const stop of this.stops) stop();
  }

  async subscribe(): Promise<void> {
    this.isPending = true;
    try {
      const { rooms, subscribed } = await this.session.request('rooms.list', { ...this.query, subscribe: true });
      if (!subscribed)
        throw new HoldfastError('unavailable', 'This server has an older version and cannot follow lists.', { retry: false });
      if (!this.isClosed) this.become(rooms);
    } finally {
      this.isPending = false;
    }
  }

  private failed(error: unknown): void {
    if (!this.isClosed) this.emitter.emit('error', HoldfastError.from(toErrorBody(error)));
  }

  private become(rooms: readonly RoomSummary[]): void {
    this.rooms = rooms;
    this.emitter.emit('change', rooms);
  }
}

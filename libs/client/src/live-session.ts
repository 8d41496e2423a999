import {
  type ErrorBody,
  errorBody,
  type GameInfo,
  type Hello,
  HoldfastError,
  type MatchMessage,
  type OperationName,
  type Operations,
  type RoomEntry,
  type RoomId,
  type RoomListQuery,
  type RoomSummary,
  type RoomView,
  type SessionId,
  type UserId,
  type Welcome,
} from '#libs/protocol';
import { Emitter } from './emitter.js';
import type { GameVersions } from './game-versions.js';
import { type GameFrame, LiveRoom } from './live-room.js';
import { orAborted, untilAnswered } from './request-retry.js';
import { Requests } from './requests.js';
import type { Room } from './room.js';
import type {
  CreateRoom,
  Credentials,
  GiveUpOptions,
  QuickMatchOptions,
  RoomAddress,
  Session,
  SessionEvents,
  SessionStatus,
} from './session.js';
import { Uplink, type UplinkListener, type UplinkOptions } from './uplink.js';
import type { ReceivedMessage } from './wire/wire.js';

/** The login of a player who has no session to resume. */
export interface Login {
  readonly name?: string;
  readonly token?: string;
}

/** Maximum number of requests for the player's room after a lost answer. After the last failure, the original request rejects. */
const LOST_TRIES_MAX = 3;

/** A search for a match. The search ends when the session enters a room of the game. */
interface Search {
  /** The room that the player was leaving when the search began. A view of this room does not end the search. */
  readonly before: RoomId | undefined;
  /**
   * True when the caller has aborted the search. The answer to the cancel request then ends the search: the search resolves with a room, or
   * rejects with the caller's reason.
   */
  isCancelled: boolean;
  readonly wish: Operations['match.find']['data'];
  /** The id of the search's ticket. Null: the server has not sent it yet. */
  ticket: string | null;
  /** Number of requests for this search. Only the refusal of the latest request ends the search. */
  finds: number;
  /** Number of unanswered requests for this search. */
  unanswered: number;
  found(room: LiveRoom): void;
  failed(error: unknown): void;
}

/** The implementation of `Session`. Messages of the server change its state. */
export class LiveSession implements Session {
  id = '' as SessionId;
  user = '' as UserId;
  name = '';
  status: SessionStatus = 'connecting';
  room: LiveRoom | null = null;

  private readonly emitter = new Emitter<SessionEvents>();
  private readonly requests: Requests;
  private readonly uplink: Uplink;
  private search: Search | null = null;
  /** The room of the last `placed` on this connection. Compact syncs do not name their room, so they belong to this room. */
  private placedRoom: RoomId | null = null;
  /** Number of the latest check whether the server still has the search. The result of an earlier check is ignored. */
  private connections = 0;
  /** Number of times that the player entered or left a room. */
  private roomChanges = 0;
  private firstWelcome: { resolve(): void; reject(error: HoldfastError): void } | null = null;

  /** @param keep called with each new secret, and with null when the session has ended */
  constructor(
    options: UplinkOptions,
    private readonly login: Login,
    private known: Credentials | null,
    private readonly keep: (credentials: Credentials | null) => void,
    private readonly gameVersions: GameVersions = {},
  ) {
    const listener: UplinkListener = {
      hello: () => this.hello(),
      welcomed: (welcome) => this.welcomed(welcome),
      message: (message) => this.take(message),
      lost: (isFaulty) => this.lost(isFaulty),
      ended: (error) => this.ended(error),
    };
    this.uplink = new Uplink(options, listener);
    this.requests = new Requests((request) => this.uplink.send(request));
  }

  /**
   * Resolves with the first welcome. Rejects with the code of a goodbye, or with `unavailable`. When the signal is aborted first, closes
   * the connection and rejects with the signal's reason.
   */
  async open(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const giveUp = (): void => this.detach();
    signal?.addEventListener('abort', giveUp);
    try {
      await new Promise<void>((resolve, reject) => {
        this.firstWelcome = { resolve, reject };
        this.uplink.start();
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  get credentials(): Credentials {
    return this.known ?? { session: this.id, secret: '' };
  }

  async games(): Promise<GameInfo[]> {
    return (await this.request('games.list', undefined)).games;
  }

  async rooms(query?: RoomListQuery): Promise<RoomSummary[]> {
    return (await this.request('rooms.list', query)).rooms;
  }

  roomsPage(query?: Operations['rooms.list']['data']): Promise<Operations['rooms.list']['result']> {
    return this.request('rooms.list', query);
  }

  me(): Promise<Operations['me']['result']> {
    return this.request('me', undefined);
  }

  async createRoom<Rules>(room: CreateRoom, { signal }: GiveUpOptions = {}): Promise<Room<Rules>> {
    return (await this.enterBy('rooms.create', room, signal)) as Room<Rules>;
  }

  async joinRoom<Rules>(room: RoomAddress, { signal }: GiveUpOptions = {}): Promise<Room<Rules>> {
    return (await this.enterBy('rooms.join', entryOf(room), signal)) as Room<Rules>;
  }

  async watchRoom<Rules>(room: RoomAddress, { signal }: GiveUpOptions = {}): Promise<Room<Rules>> {
    return (await this.enterBy('rooms.watch', entryOf(room), signal)) as Room<Rules>;
  }

  async quickMatch<Rules>(game: string, { signal, ...options }: GiveUpOptions & QuickMatchOptions = {}): Promise<Room<Rules>> {
    signal?.throwIfAborted();
    if (this.search) throw new HoldfastError('busy', 'You are already searching for a match. Abort that search first.');
    let cancel = (): void => {};
    try {
      return (await new Promise<LiveRoom>((found, failed) => {
        const wish = { game, ...options };
        const search: Search = { wish, ticket: null, before: this.room?.id, isCancelled: false, finds: 0, unanswered: 0, found, failed };
        this.search = search;
        cancel = () => {
          search.isCancelled = true;
          // If the player is in a room of this game, `whereNow` enters that room, and the entry resolves the search.
          this.whereNow().then(() => failed(signal?.reason), failed);
        };
        signal?.addEventListener('abort', cancel);
        this.find(search);
      })) as Room<Rules>;
    } finally {
      this.search = null;
      signal?.removeEventListener('abort', cancel);
    }
  }

  async acceptMatch(offer: string): Promise<void> {
    await untilAnswered(() => this.request('match.accept', { offer }));
  }

  async declineMatch(offer: string): Promise<void> {
    await this.request('match.decline', { offer });
  }

  async matchStatus(): Promise<MatchMessage | null> {
    return (await this.request('match.status', undefined)).match;
  }

  on<Name extends keyof SessionEvents>(name: Name, listener: (...args: SessionEvents[Name]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  close(): void {
    if (this.status === 'closed') return;
    this.uplink.stop({ kind: 'bye' });
    this.keep(null);
    this.over(null);
  }

  detach(): void {
    if (this.status === 'closed') return;
    this.uplink.stop();
    this.over(null);
  }

  request<Name extends OperationName>(
    operation: Name,
    data: Operations[Name]['data'],
    moreMs?: number,
  ): Promise<Operations[Name]['result']> {
    if (this.status === 'closed') return Promise.reject(new HoldfastError('session-unknown', 'This session is closed.'));
    return this.requests.ask(operation, data, moreMs).then((result) => {
      // Updates the room from the answer, because the message with the same view may arrive later.
      const view = (result as { room?: RoomView | null } | null)?.room;
      if (view && view.id === this.room?.id) this.room.look(view);
      return result as Operations[Name]['result'];
    });
  }

  // ── The connection ───────────────────────────────────────────────────────────────────────────────────────────

  private hello(): Omit<Hello, 'kind' | 'protocol'> {
    if (!this.known) return this.login;
    const { room } = this;
    const holds = room?.isInPlay && room.version >= 0;
    return { ...this.known, ...(holds && { room: room.id, round: room.round, version: room.version, epoch: room.versionEpoch }) };
  }

  private welcomed(welcome: Welcome): void {
    this.id = welcome.session;
    this.user = welcome.user;
    this.name = welcome.name;
    this.known = { session: welcome.session, secret: welcome.secret };
    this.keep(this.known);
    this.become('open');
    this.requests.repeat();
    if (this.search?.isCancelled === false) void this.searchAgain();
    this.firstWelcome?.resolve();
    this.firstWelcome = null;
  }

  private lost(isFaulty: boolean): void {
    this.become('reconnecting');
    this.placedRoom = null;
    this.requests.lost();
    this.room?.detached(isFaulty);
  }

  private ended(error: HoldfastError): void {
    // The stored session of an earlier visit may have expired. If the login has a name or a token, the client starts a new session.
    if (this.firstWelcome && error.code === 'session-unknown' && this.known && (this.login.name ?? this.login.token) !== undefined) {
      this.known = null;
      this.uplink.start();
      return;
    }
    if (error.code === 'session-unknown') this.keep(null);
    this.over(error);
  }

  private over(error: HoldfastError | null): void {
    const reason = error ?? new HoldfastError('session-unknown', 'The session was closed.');
    this.become('closed');
    this.firstWelcome?.reject(reason);
    this.firstWelcome = null;
    this.requests.rejectAll(reason);
    this.search?.failed(reason);
    this.leave(reason.code, reason.toBody());
    this.emitter.emit('closed', error);
  }

  private become(status: SessionStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.emitter.emit('status', status);
  }

  // ── Messages of the server ───────────────────────────────────────────────────────────────────────────────────────

  private take(message: ReceivedMessage): void {
    switch (message.kind) {
      case 'response':
        return this.requests.answer(message);
      case 'room':
        if (message.room) this.enter(message.room);
        else this.leave(message.reason);
        return;
      case 'match':
        return this.takeMatch(message);
      case 'chat':
        return this.emitter.emit('chat', message);
      case 'error':
        return this.emitter.emit('error', HoldfastError.from(message));
      case 'placed':
        this.placedRoom = message.room;
        return this.roomOf(message.room, message.game).take(message);
      case 'rejected':
        return this.room?.take(message);
      case 'compact':
        if (this.placedRoom === this.room?.id) this.room?.take(message);
        return;
      case 'sync':
      case 'players':
      case 'paused':
      case 'resumed':
      case 'ended':
        return this.takeGameFrame(message);
      case 'rooms':
        return this.emitter.emit('rooms', message);
      case 'welcome':
      case 'pong':
      case 'goodbye':
        return;
      default:
        // Ignores a message of a kind that was added after this version of the client.
        message satisfies never;
    }
  }

  private takeGameFrame(frame: Extract<GameFrame, { kind: 'sync' | 'players' | 'paused' | 'resumed' | 'ended' }>): void {
    if (frame.room === this.room?.id) this.room.take(frame);
  }

  private enter(view: RoomView): LiveRoom {
    if (this.room?.id !== view.id) this.change(this.makeRoom(view));
    const room = this.room as LiveRoom;
    room.look(view);
    if (this.search?.wish.game === view.game && this.search.before !== view.id) this.search.found(room);
    return room;
  }

  private leave(reason: string | undefined, error: ErrorBody = errorBody('not-in-room')): void {
    const { room } = this;
    if (!room) return;
    room.quit(reason, error);
    if (this.room === room) this.change(null);
  }

  /**
   * Returns the room with this id. If the current room has another id, replaces it, because a `placed` may arrive before the lobby's view
   * of the room.
   */
  private roomOf(id: RoomId, game: string): LiveRoom {
    if (this.room?.id !== id)
      this.change(this.makeRoom({ id, game, name: '', status: 'playing', rev: -1, owner: '' as UserId, seats: 0, members: [] }));
    return this.room as LiveRoom;
  }

  private makeRoom(view: RoomView): LiveRoom {
    const { uplink } = this;
    const room = new LiveRoom(view, {
      command: (command) => void uplink.send(command),
      input: (input) => uplink.send(input),
      request: (operation, data, moreMs) => this.request(operation, data, moreMs),
      resync: (reason) => uplink.faulty(reason),
      probe: () => uplink.probe('unanswered'),
      gameVersions: this.gameVersions,
      get isProbing() {
        return uplink.isProbing;
      },
    });
    room.on('left', () => {
      if (this.room === room) this.change(null);
    });
    return room;
  }

  private change(room: LiveRoom | null): void {
    const before = this.room;
    this.room = room;
    this.roomChanges += 1;
    before?.quit('other-room');
    this.emitter.emit('room', room);
  }

  // ── Entering a room ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Enters a room. When the caller aborts the request or its answer is lost, the session first requests the player's current room. */
  private async enterBy(
    operation: 'rooms.create' | 'rooms.join' | 'rooms.watch',
    data: Operations[typeof operation]['data'],
    signal: AbortSignal | undefined,
  ): Promise<LiveRoom> {
    signal?.throwIfAborted();
    const before = this.room?.id;
    try {
      return this.enter((await orAborted(this.request(operation, data), signal)).room);
    } catch (error) {
      const isAborted = signal?.aborted === true;
      if (!isAborted && !(error instanceof HoldfastError && error.code === 'server-lost')) throw error;
      const room = await this.whereNow(isAborted ? undefined : LOST_TRIES_MAX).catch((failure: unknown) => {
        throw isAborted ? failure : error;
      });
      const meant = ('room' in data && data.room) || null;
      if (room && (meant === null ? room.id !== before : room.id === meant)) return room;
      throw error;
    }
  }

  /** Returns the room of the player after all earlier requests have taken effect. Null: the player is in no room. */
  private async whereNow(triesMax?: number): Promise<LiveRoom | null> {
    let search: Search | null = null;
    const { room } = await untilAnswered(async () => {
      search = this.search;
      await this.request('match.cancel', undefined).catch(ignoreOvertaken);
      return this.enterCurrent();
    }, triesMax);
    if (!room) this.findAgain(search);
    return room;
  }

  /**
   * Requests the player's room, enters that room, and returns it. Null: the player is in no room. Repeats the request if the player has
   * entered or left a room before the answer, because the answer may then be outdated. There must be no `await` between the comparison of
   * `roomChanges` and the entry, because the player could leave the room during the `await`.
   */
  private async enterCurrent(): Promise<{ room: LiveRoom | null; searching: string | null }> {
    for (;;) {
      const { roomChanges } = this;
      const { room, searching } = await this.me();
      if (this.roomChanges === roomChanges) return { room: room && this.enter(room), searching };
    }
  }

  // ── Matchmaking ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Repeats the request for a match when `match.cancel` has cancelled the search, but the caller of the search still waits. */
  private findAgain(search: Search | null): void {
    if (search && this.search === search && !search.isCancelled) this.find(search);
  }

  private find(search: Search): void {
    search.finds += 1;
    search.unanswered += 1;
    const { finds } = search;
    this.request('match.find', search.wish).then(
      (answer) => {
        search.unanswered -= 1;
        // Ignores an answer that arrives after the end of the search, because the player has perhaps left the room of this answer.
        if (this.search !== search) return;
        if ('room' in answer) this.enter(answer.room);
        else search.ticket = answer.ticket ?? null;
      },
      (error: unknown) => {
        search.unanswered -= 1;
        // After a lost connection, the client does not know whether the server has the search. The client asks the server after the
        // reconnect.
        const isLost = error instanceof HoldfastError && error.code === 'server-lost';
        const isRepeated = search.finds > finds;
        if (!isLost && !isRepeated && !search.isCancelled) search.failed(error);
        // The lobby that had the request is lost, but the connection to the gateway is open. So no reconnect follows, and the client checks
        // now whether the server has the search.
        if (isLost && this.status === 'open') void this.searchAgain();
      },
    );
  }

  /** Emits the message. If the message says that the server has ended the search without a match, ends the search of this session. */
  private takeMatch(message: MatchMessage): void {
    const { search } = this;
    // If the answer with the ticket was lost, the first message about the search supplies the ticket.
    if (search && search.ticket === null && search.unanswered === 0 && message.event === 'searching') search.ticket = message.ticket;
    const isEnd = message.event === 'cancelled' || message.event === 'expired';
    if (isEnd && search && !search.isCancelled && search.ticket === message.ticket) {
      search.ticket = null;
      if (message.reason === 'lost') this.findAgain(search);
      else search.failed(new HoldfastError('not-searching', `The search for a match has ended: ${message.reason}.`));
    }
    this.emitter.emit('match', message);
  }

  /**
   * After a reconnect, checks whether the server still has the search. If not, requests the search again. Waits while a request of the
   * search has no answer, because a second request would replace the ticket of the first request and lose its match. Repeats a refused
   * check, because a gateway that has just started may not have found a lobby yet.
   */
  private async searchAgain(): Promise<void> {
    const { search } = this;
    if (!search || search.unanswered > 0) return;
    this.connections += 1;
    const { connections } = this;
    try {
      const { room, searching } = await untilAnswered(() => this.enterCurrent());
      // Ignores the result if a newer check has begun.
      const isLast = this.connections === connections && search.unanswered === 0;
      if (!room && searching === null && isLast) this.findAgain(search);
    } catch (error) {
      search.failed(error);
    }
  }
}

/** Ignores `overtaken`, which means that the server has executed a later request. So no earlier request can take effect any more. */
function ignoreOvertaken(error: unknown): void {
  if (!(error instanceof HoldfastError && error.code === 'overtaken')) throw error;
}

/** Returns the data of a request to enter a room. A string address is the id of the room. */
function entryOf(address: RoomAddress): RoomEntry {
  return typeof address === 'string' ? { room: address as RoomId } : (address as RoomEntry);
}

import type { LinkPeer } from '#libs/link';
import type { Asked, Binding, RoomId, ServerMessage, SessionId, UserId } from '#libs/protocol';
import type { PlayerConnection } from './player-connection.js';

/**
 * Where a session stands with the game of its room. `none`: no game runs. `attaching`: the owner was asked. `attached`:
 * frames flow. `paused`: the game goes on elsewhere, soon. `slow`: its connection does not keep up, the owner holds back.
 */
export type Attachment = 'none' | 'attaching' | 'attached' | 'paused' | 'slow';

interface HeldCommand {
  readonly frame: Buffer;
  readonly at: number;
}

const NONE: readonly NodeJS.Timeout[] = [];
const NO_REQUESTS: readonly number[] = [];
const NO_REQUEST: Asked = { turn: 0, number: 0 };
const NO_ROOMS: GatewaySession['leftRooms'] = [];
const LEFT_ROOMS_MAX = 4;

/** A player at this gateway. It holds what is needed to route, and nothing that could be lost with it. */
export class GatewaySession {
  connection: PlayerConnection | null = null;
  binding: Binding | null = null;
  attachment: Attachment = 'none';
  /** The owner's link while attached or attaching. */
  peer: LinkPeer | null = null;
  /** The owner's `placed` has come for this attachment; what came before it was for one before. */
  isPlaced = false;
  /** Its client was shown the game since it came to the room: a pause is news to it. */
  hasSeenGame = false;
  /** The highest epoch known of its room's owner; frames of lower ones are dropped. */
  epoch = 0;
  /** The game of the room that its client is in and has not heard the end of; null: none. `version` is of this one. */
  round: number | null = null;
  /** The game it was attached to last. */
  attachedRound = 0;
  /** The end of its game is being told. */
  isEnding = false;
  /** What to do once the owner has said so itself. */
  endWhenTold: (() => Promise<void>) | null = null;
  /** The room's version that was sent to the player last; null: none. */
  version: number | null = null;
  /** The epoch of the owner that sent it; null: not known. */
  versionEpoch: number | null = null;
  /** The player was told `paused`, and not yet `resumed`. */
  pauseTold = false;
  pausedAt = 0;
  /** The player was told how the game of this epoch ended. */
  endTold = false;
  held: HeldCommand[] = [];
  lobby: LinkPeer | null = null;
  /** Of its last admission here, and the requests it made since: see `Asked`. */
  turn = 0;
  requests = 0;
  requestsPending = 0;
  /** Numbers of the requests that a lobby has not answered yet. */
  underWay: readonly number[] = NO_REQUESTS;
  /** The player's search for a match: its data and the order of its request. Null: the player is not searching. */
  search: { readonly data: unknown; readonly asked: Asked } | null = null;
  /** The order of the request that ended the last search. */
  searchOverAt: Asked = NO_REQUEST;
  /** The last rooms that it left, and when by the monotonic clock: a store that falls back may have it there again. */
  leftRooms: readonly { readonly room: RoomId; readonly at: number }[] = NO_ROOMS;
  slowSince: number | null = null;
  /** What is to happen if the player does not come back. */
  goneTimers: readonly NodeJS.Timeout[] = NONE;
  /** Without a connection for long enough that the others in its room are told so. */
  isAway = false;
  /** It has left this gateway's table: what was asked for it before, and is answered now, binds it to nothing. */
  isOver = false;
  attachAttempt = 0;
  /** When the owner was asked last, and when to look at the room's record next. */
  askedAt = 0;
  lookAt = 0;
  /** Of the secret its player was given last, to write the session again should the store lose it. */
  secretHash = '';

  constructor(
    readonly id: SessionId,
    readonly user: UserId,
    readonly name: string,
    /** This gateway's number for the session on its links. */
    readonly handle: number,
  ) {}

  get room(): RoomId | null {
    return this.binding?.room ?? null;
  }

  get asked(): Asked {
    return { turn: this.turn, number: this.requests };
  }

  /** The number of one more request, or of another thing that is said after all requests so far. */
  nextAsked(): Asked {
    this.requests += 1;
    return this.asked;
  }

  hasLeft(room: RoomId): void {
    this.leftRooms = [{ room, at: performance.now() }, ...this.leftRooms.slice(0, LEFT_ROOMS_MAX - 1)];
  }

  /** The position before the first request that a lobby has not answered: that request comes later. */
  lastAnswered(): Asked {
    return this.underWay.length === 0 ? this.asked : { turn: this.turn, number: Math.min(...this.underWay) - 1 };
  }

  /** The first request that may still have an effect; where there is none, one more, so that all so far are late. */
  firstOpen(): Asked {
    const first = Math.min(...this.underWay, this.search?.asked.number ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(first) ? { turn: this.turn, number: first } : this.nextAsked();
  }

  send(message: ServerMessage): void {
    this.connection?.send(message);
  }

  stopGoneTimers(): void {
    for (const timer of this.goneTimers) clearTimeout(timer);
    this.goneTimers = NONE;
    this.isAway = false;
  }
}

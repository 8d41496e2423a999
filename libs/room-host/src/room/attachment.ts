import type { LinkPeer } from '#libs/link';
import type { Seat, SessionId, UserId } from '#libs/protocol';
import type { HostedRoom } from './hosted-room.js';

/** A session that is attached to a room: its seat, and the link and the handle over which it gets frames. */
export interface Attachment {
  readonly room: HostedRoom;
  readonly peer: LinkPeer;
  readonly handle: number;
  readonly session: SessionId;
  readonly user: UserId;
  /** The seat of the session's user. Null: the session belongs to a spectator. */
  readonly seat: Seat | null;
  /** The version of the room when the session was attached. This version is possibly not durable yet. */
  readonly since: number;
  /** True: the client reads compact syncs. */
  readonly compact: boolean;
  /** The last version that was sent to the session. -1: no state has been sent. */
  version: number;
  /** The state, or the seat's view of it, that the client has. Undefined: no state has been sent. */
  seen: unknown;
  /** The version at which the client received `seen`, and the room time of that version, in ms. */
  seenSince: number;
  seenAt: number;
  /** The number of the player input in the last sync, and the room time of that sync, in ms. */
  input: number;
  inputAt: number;
  /** True while a command of this session waits for the end of the event-loop tick. */
  isQueued: boolean;
}

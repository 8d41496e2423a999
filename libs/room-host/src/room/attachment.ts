import type { LinkPeer } from '#libs/link';
import type { Seat, SessionId, UserId } from '#libs/protocol';
import type { HostedRoom } from './hosted-room.js';

/** One session's place in a room: where its frames come from and go to. */
export interface Attachment {
  readonly room: HostedRoom;
  readonly peer: LinkPeer;
  readonly handle: number;
  readonly session: SessionId;
  readonly user: UserId;
  /** Null: a spectator. */
  readonly seat: Seat | null;
  /** How far the room had come, durable or not, when it was attached. */
  readonly since: number;
  /** The version it was sent last; -1: nothing yet. */
  version: number;
  /** A command of it waits for the end of this turn of the event loop. */
  isQueued: boolean;
}

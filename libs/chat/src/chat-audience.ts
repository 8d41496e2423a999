import type { RoomId, SessionId } from '#libs/protocol';

/** A session with a connection to this gateway, to which a chat message is sent. */
export interface ChatListener {
  readonly session: SessionId;
  /** True while the connection is open on which the session began to follow the lobby. */
  readonly isOpen: boolean;
  /** Sends a whole binary frame. */
  sendFrame(frame: Uint8Array): void;
}

/** Port: the sessions at this gateway, by room. The app of the gateway implements it. */
export abstract class ChatAudience {
  /** Calls `occupied` when a room gets its first session at this gateway, and `vacated` when its last session here is gone. */
  abstract onRooms(listener: { occupied(room: RoomId): void; vacated(room: RoomId): void }): void;
  /** Sends a frame to the members of the room, and to its spectators if the room lets them. */
  abstract sendToRoom(room: RoomId, frame: Uint8Array): void;
}

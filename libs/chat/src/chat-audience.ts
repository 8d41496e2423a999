import type { RoomId, SessionId } from '#libs/protocol';

/** A session with a connection to this gateway, to which a chat message is sent. */
export interface ChatListener {
  readonly session: SessionId;
  /** False: the connection on which the session began to follow the lobby is closed. */
  readonly isOpen: boolean;
  sendFrame(frame: Uint8Array): void;
}

/** Port: the sessions at this gateway, by room. The app of the gateway implements it. */
export abstract class ChatAudience {
  /**
   * Calls `occupied` when the first session of a room connects to this gateway, and `vacated` after the last session of the room has left
   * this gateway.
   */
  abstract onRooms(listener: { occupied(room: RoomId): void; vacated(room: RoomId): void }): void;
  /** Sends a frame to the members of the room. Spectators also get the frame if the room allows them to read the chat. */
  abstract sendToRoom(room: RoomId, frame: Uint8Array): void;
}

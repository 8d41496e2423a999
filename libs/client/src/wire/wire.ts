import type { PlayerMessage, ServerMessage } from '#libs/protocol';
import type { CompactFrame } from '../compact-form.js';

/** A message of a server, as a wire decodes it. */
export type ReceivedMessage = ServerMessage | CompactFrame;

/** One connection to one gateway, over any transport. */
export interface Wire {
  /** Sends a message. The message may be lost if the connection breaks. */
  send(message: PlayerMessage): void;
  /** Closes the connection. Afterwards the wire does not call `closed`. */
  close(): void;
}

export interface WireListener {
  opened(): void;
  message(message: ReceivedMessage): void;
  /**
   * The connection is closed, or could not be opened. Called once, unless this client has closed the connection. `isFaulty`: a frame could
   * not be decoded.
   */
  closed(reason: string, isFaulty?: boolean): void;
}

export type OpenWire = (url: string, listener: WireListener) => Promise<Wire>;

import type { PlayerMessage, ServerMessage } from '#libs/protocol';

/** One connection to one gateway, over any transport. */
export interface Wire {
  /** Best effort: a message that is sent while the connection breaks is lost. */
  send(message: PlayerMessage): void;
  /** Closes the connection. `closed` is not called after that. */
  close(): void;
}

export interface WireListener {
  opened(): void;
  message(message: ServerMessage): void;
  /** Called once, whether the connection was ever open or not. `isFaulty`: a frame could not be decoded. */
  closed(reason: string, isFaulty?: boolean): void;
}

export type OpenWire = (url: string, listener: WireListener) => Promise<Wire>;

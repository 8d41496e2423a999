import type { PlayerMessage, ServerMessage } from '#libs/protocol';

/** One connection to one gateway, by whatever transport. */
export interface Wire {
  /** Best effort: what is sent on a wire that is about to break is lost. */
  send(message: PlayerMessage): void;
  /** Calls `closed` no more. */
  close(): void;
}

export interface WireListener {
  opened(): void;
  message(message: ServerMessage): void;
  /** Once, whether it was ever open or not. `isFaulty`: a frame came that could not be understood. */
  closed(reason: string, isFaulty?: boolean): void;
}

export type OpenWire = (url: string, listener: WireListener) => Promise<Wire>;

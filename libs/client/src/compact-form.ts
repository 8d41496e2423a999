import type { CompactSync } from '#libs/protocol';

/** A decoded compact sync. It is valid during the call that passes it on, because its bytes may be overwritten after that. */
export interface CompactFrame extends Omit<CompactSync, 'state' | 'patch' | 'hash'> {
  /**
   * Returns the state after this sync. It is the same object when nothing changed.
   *
   * @param heldVersion the version of `before`; -1: the client has no state
   * @throws when the sync does not fit `before`
   */
  next(before: unknown, heldVersion: number): unknown;
}

/** Reads compact syncs. `compact` of the entry of that name is the implementation. A client without it asks for the other form. */
export interface CompactForm {
  /** @throws `bad-frame` when the frame is malformed */
  read(frame: Uint8Array): CompactFrame;
}

import type { CompactSync } from '#libs/protocol';

/** A decoded compact sync. Use it only during the call that receives it, because its bytes may be overwritten afterwards. */
export interface CompactFrame extends Omit<CompactSync, 'state' | 'patch' | 'hash'> {
  /**
   * Returns the state after this sync. Returns `before` itself when nothing has changed.
   *
   * @param heldVersion the version of `before`; -1: the client has no state
   * @throws when the sync does not fit `before` or `heldVersion`
   */
  next(before: unknown, heldVersion: number): unknown;
}

/**
 * Reads compact syncs. The implementation is `compact` from the entry point `@holdfast/client/compact`. A client without this decoder asks
 * for syncs with RFC 6902 patches.
 */
export interface CompactForm {
  /** @throws `bad-frame` when the frame is malformed */
  read(frame: Uint8Array): CompactFrame;
}

/**
 * Goes through many keys in rotation: each call returns the next few keys. A key that is added during a rotation waits for the next
 * rotation, so new keys never delay the older keys.
 *
 * @example for (const room of rotation.next(() => rooms.keys(), 100)) await check(room);
 */
export class KeyRotation<Key> {
  private left: Key[] = [];

  /**
   * Returns the next keys, at most `max`. Some of them may have been removed since the rotation began.
   *
   * @param all returns the keys for a new rotation
   */
  next(all: () => Iterable<Key>, max: number): Key[] {
    if (this.left.length === 0) this.left = [...all()];
    return this.left.splice(0, max);
  }
}

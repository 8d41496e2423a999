/**
 * Remembers the keys of one round, so that the next round knows which of them it sees again. A periodic cleanup acts only on what it sees
 * twice, because another process may be about to write what is missing.
 *
 * @example
 * for (const room of withoutRecord) if (seen.again(room)) await remove(room);
 * seen.nextRound();
 */
export class SeenTwice {
  private before = new Set<string>();
  private now = new Set<string>();

  /** Returns whether the last round saw the key as well. */
  again(key: string): boolean {
    this.now.add(key);
    return this.before.has(key);
  }

  /** Ends the round. Keys that it did not see are forgotten. */
  nextRound(): void {
    this.before = this.now;
    this.now = new Set();
  }
}

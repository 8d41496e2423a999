/**
 * Finds the keys that two consecutive rounds of a periodic cleanup see. The cleanup acts only on these keys. For example, a record that is
 * missing in only one round is perhaps just being written by another process.
 *
 * @example for (const room of withoutRecord) if (seen.again(room)) await remove(room); seen.nextRound();
 */
export class ConsecutiveSightings {
  private before = new Set<string>();
  private now = new Set<string>();

  /** Records that this round saw the key. Returns whether the previous round saw it as well. */
  again(key: string): boolean {
    this.now.add(key);
    return this.before.has(key);
  }

  /** Ends the round. Forgets the keys that only the previous round saw. */
  nextRound(): void {
    this.before = this.now;
    this.now = new Set();
  }
}

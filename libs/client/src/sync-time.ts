/**
 * Finds the room time of each sync of a game with steps. A sync has either an absolute time, or the time since its `from` version. That
 * version is the version of the last sync or, after acknowledgements that changed nothing, an earlier version.
 */
export class SyncTime {
  private lastVersion = -1;
  /** The room time of the last sync, in ms. Undefined: not known. */
  private last: number | undefined;
  /** The room time of the last change of the state, in ms. */
  private base: number | undefined;

  /** Returns the room time of a sync, in ms. Undefined: the server has not sent the time of this sync or of its `from` version. */
  take({ version, from, time, elapsed }: { version: number; from?: number; time?: number; elapsed?: number }): number | undefined {
    if (time !== undefined) this.base = time;
    else if (from === this.lastVersion) this.base = this.last;
    this.lastVersion = version;
    this.last = time ?? (this.base === undefined || elapsed === undefined ? undefined : this.base + elapsed);
    return this.last;
  }
}

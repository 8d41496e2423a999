/**
 * Computes the room time of each sync of a game with steps. A sync contains either its room time, or the time since its `from` version. The
 * `from` version is usually the version of the last sync. After acknowledgements that changed nothing, it is an earlier version.
 */
export class SyncTime {
  private lastVersion = -1;
  /** The room time of the last sync, in ms. Undefined: the room time is not known. */
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

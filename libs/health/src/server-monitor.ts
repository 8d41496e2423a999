import type { ServerRecord } from '#libs/fleet';
import type { ProbeResult } from '#libs/link';

/** What a checker knows of one incarnation that it checks. Times are of the checker's own monotonic clock, in ms. */
export interface ServerMonitor {
  server: ServerRecord;
  dueAt: number;
  /** When the open question was asked; null: none is. */
  askedAt: number | null;
  lastHeardAt: number;
  misses: number;
  lagMs: number;
  /** Its link was lost: checked more often until decided. */
  hurried: boolean;
  /** When the dial under way began; null: none is. */
  diallingSince: number | null;
  /** What the last dial since it was last heard found, and when that began; it stands until the next one ends. */
  dialled: { readonly at: number; readonly found: ProbeResult } | null;
  heldSince: number | null;
  /** When to look again whether it has lost the store. */
  storeLossCheckAt: number;
  /** A verdict is being carried out, or is to be tried again then. */
  condemning: boolean;
  retryAt: number;
  /** What its record says of it. */
  marked: { suspect: number; unheard: boolean };
}

export function newServerMonitor(server: ServerRecord, now: number, dueAt: number): ServerMonitor {
  return {
    server,
    dueAt,
    askedAt: null,
    lastHeardAt: now,
    misses: 0,
    lagMs: 0,
    hurried: false,
    diallingSince: null,
    dialled: null,
    heldSince: null,
    storeLossCheckAt: 0,
    condemning: false,
    retryAt: 0,
    marked: { suspect: server.suspect, unheard: server.unheard },
  };
}

/** All that was held against it is forgotten. */
export function clear(watch: ServerMonitor, now: number): void {
  watch.lastHeardAt = now;
  watch.misses = 0;
  watch.hurried = false;
  watch.diallingSince = null;
  watch.dialled = null;
  watch.heldSince = null;
}

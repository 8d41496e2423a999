import type { Change, RoomValue } from '#libs/room';
import type { HostedRoom, UnsentChanges } from './hosted-room.js';

/** Longest time for which a sync waits for the next step, in sync periods. */
const STEP_PERIODS_MAX = 1.5;
/**
 * Largest time by which a sync may be early, in ms. Without this tolerance, a sync could be one ms late, because timers count whole
 * milliseconds.
 */
const EARLY_MS = 1;

/**
 * Collects the unsent durable changes of rooms, and decides when each room sends its next sync: immediately, or at the rate `syncHz` of its
 * game.
 */
export class SyncPacer {
  private readonly timers = new Map<HostedRoom, NodeJS.Timeout>();

  /** @param onDue receives each room whose changes have waited long enough */
  constructor(private readonly onDue: (room: HostedRoom) => void) {}

  /**
   * Adds changes to the unsent changes of the room.
   *
   * @param before the value before `changes`
   * @returns whether the unsent changes are due now. If they are not, the pacer calls `onDue` later
   */
  add(room: HostedRoom, before: RoomValue, changes: readonly Change[]): boolean {
    if (room.unsent) room.unsent.changes.push(...changes);
    else room.unsent = { before, changes: [...changes] };
    const waitMs = msUntilDue(room, room.unsent);
    if (waitMs <= 0) return true;
    if (!this.timers.has(room))
      this.timers.set(
        room,
        setTimeout(() => this.onDue(room), waitMs),
      );
    return false;
  }

  /** Returns the unsent changes, and begins the next sync period. Null: there are no unsent changes, or the room has left this server. */
  take(room: HostedRoom): UnsentChanges | null {
    const { unsent } = room;
    this.drop(room);
    if (unsent === null || room.status === 'lame' || room.status === 'dropped') return null;
    const { syncHz } = room.machine.rules.definition;
    if (syncHz > 0) {
      const now = performance.now();
      const periodMs = 1_000 / syncHz;
      // The next period begins at the due time of this sync, so that a late timer does not lower the rate.
      room.syncDueAt = (now - room.syncDueAt < periodMs ? room.syncDueAt : now) + periodMs;
    }
    return unsent;
  }

  /** Drops the unsent changes of the room. */
  drop(room: HostedRoom): void {
    room.unsent = null;
    const timer = this.timers.get(room);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.timers.delete(room);
  }
}

/** Returns the time for which the unsent changes wait for further ones, in ms. 0 or less: they are due. */
function msUntilDue(room: HostedRoom, { before }: UnsentChanges): number {
  const { syncHz, stepHz } = room.machine.rules.definition;
  if (syncHz === 0) return 0;
  if (syncHz !== stepHz) return room.syncDueAt - performance.now() - EARLY_MS;
  return room.lastDurableStep > before.version ? 0 : (STEP_PERIODS_MAX * 1_000) / syncHz;
}

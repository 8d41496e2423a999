import { encodeCompactSync, type GameEvent, type Seat } from '#libs/protocol';
import { bytesByPath, encodePatch } from '#libs/state-patch';

/** One compact sync, as a client receives it. */
export interface MeasuredSync {
  readonly version: number;
  readonly from: number;
  /** The view of the seat before the sync. */
  readonly before: unknown;
  /** The view of the seat after the sync. */
  readonly after: unknown;
  readonly events: readonly GameEvent[];
  /** The number of the last command that the sync acknowledges. */
  readonly seq: number;
  /** The number of the last player input that the sync acknowledges. */
  readonly input: number;
  /** Room time since the previous sync, in ms. Undefined: the game has no steps. */
  readonly elapsed: number | undefined;
}

/**
 * The size of the syncs to one seat, in bytes. Includes neither the WebSocket header of 2 to 4 bytes per message nor messages that are not
 * syncs.
 */
export class SyncTraffic {
  /** The size of each sync in bytes, in order. */
  readonly syncs: number[] = [];
  /** Number of bytes for each path of the state, largest first. `(header)` and `(events)` are the other parts of a sync. */
  readonly byPath = new Map<string, number>();

  /**
   * @param seat the seat that gets the syncs; null: a spectator
   * @param seconds the measured room time, in s
   */
  constructor(
    readonly seat: Seat | null,
    readonly seconds: number,
    syncs: readonly MeasuredSync[],
  ) {
    const byPath = new Map<string, number>();
    for (const sync of syncs) this.add(sync, byPath);
    for (const [path, bytes] of [...byPath].sort(([, a], [, b]) => b - a)) this.byPath.set(path, bytes);
  }

  get bytes(): number {
    return this.syncs.reduce((total, bytes) => total + bytes, 0);
  }

  /** Bytes per second of room time. 0: no room time has passed. */
  get bytesPerSecond(): number {
    return this.seconds > 0 ? this.bytes / this.seconds : 0;
  }

  /** Returns a readable table of the bytes by path. */
  toString(): string {
    const { bytes, syncs, byPath } = this;
    const whole = (number: number): string => number.toFixed(number < 10 ? 1 : 0);
    const rows = [...byPath].map(([path, part]) => [path, String(part), whole(part / syncs.length), `${whole((100 * part) / bytes)} %`]);
    const total = ['total', String(bytes), whole(bytes / Math.max(syncs.length, 1)), '100 %'];
    const table = [['path', 'bytes', 'per sync', 'share'], ...rows, total];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
    const lines = table.map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
    );
    const rate = this.seconds > 0 ? `, ${Math.round(this.bytesPerSecond)} bytes per second` : '';
    const who = this.seat === null ? 'a spectator' : `seat ${this.seat}`;
    return `${syncs.length} syncs to ${who}${rate}\n${lines.join('\n')}\n`;
  }

  private add({ before, after, events, ...sync }: MeasuredSync, byPath: Map<string, number>): void {
    const patch = encodePatch(before, after);
    const head = { kind: 'compact', ...sync, patch } as const;
    const whole = encodeCompactSync(events.length > 0 ? { ...head, events: [...events] } : head).length;
    const withoutEvents = encodeCompactSync(head).length;
    this.syncs.push(whole);
    const count = (path: string, bytes: number): void => {
      if (bytes > 0) byPath.set(path, (byPath.get(path) ?? 0) + bytes);
    };
    count('(header)', withoutEvents - patch.length);
    count('(events)', whole - withoutEvents);
    for (const [path, bytes] of bytesByPath(before, patch)) count(path === '' ? '(state)' : path, bytes);
  }
}

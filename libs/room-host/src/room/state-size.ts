import { pack } from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';

/**
 * Compares the size of a room's value with its limit. A measurement packs the whole value, which is slow. So the value is measured only
 * when the last measured size plus the estimated size of the later changes exceeds the limit.
 */
export class StateSize {
  private measuredBytes = 0;
  private changed = 0;

  /** @param bytesMax limit of the packed value, in bytes */
  constructor(private readonly bytesMax: number) {}

  /** The last measured packed size of the value, in bytes. */
  get bytes(): number {
    return this.measuredBytes;
  }

  /** The estimated size of the changes since the last measurement, in bytes. */
  get changedBytes(): number {
    return this.changed;
  }

  /**
   * True when the value after the change is within the limit.
   *
   * @throws when the change has data that cannot be stored
   */
  takes({ patches, delta, events, effects, ended }: Change, after: RoomValue, before: RoomValue): boolean {
    this.changed +=
      (delta === undefined ? sizeOf(patches) : sizeOfChanged(before.state, after.state)) + sizeOf(events) + sizeOf(effects) + sizeOf(ended);
    if (this.measuredBytes + this.changed <= this.bytesMax) return true;
    this.measured(pack(after).length);
    return this.measuredBytes <= this.bytesMax;
  }

  /** Sets the measured size: the packed size of the whole value, in bytes. */
  measured(bytes: number): void {
    this.measuredBytes = bytes;
    this.changed = 0;
  }
}

/** Estimates the packed size of the parts of `after` that differ from `before`, in bytes. */
function sizeOfChanged(before: unknown, after: unknown): number {
  if (before === after) return 0;
  if (typeof after !== 'object' || after === null || typeof before !== 'object' || before === null) return sizeOf(after);
  let bytes = 0;
  if (Array.isArray(after)) {
    if (!Array.isArray(before)) return sizeOf(after);
    for (let index = 0; index < after.length; index++) bytes += sizeOfChanged(before[index], after[index]);
    return bytes;
  }
  for (const key in after) {
    const old = (before as Record<string, unknown>)[key];
    const value = (after as Record<string, unknown>)[key];
    if (old !== value) bytes += old === undefined ? key.length + 1 + sizeOf(value) : sizeOfChanged(old, value);
  }
  return bytes;
}

/**
 * Estimates the packed size of plain data, in bytes, without packing it. The estimate tends to be too large. Throws for a bigint or a
 * symbol.
 */
function sizeOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string') return value.length + 5;
  if (typeof value === 'bigint' || typeof value === 'symbol') throw new Error(`a ${typeof value} is no plain data and cannot be stored`);
  if (typeof value !== 'object' || value === null) return 9;
  let bytes = 5;
  if (Array.isArray(value)) for (const item of value) bytes += sizeOf(item);
  else for (const key in value) bytes += key.length + 1 + sizeOf((value as Record<string, unknown>)[key]);
  return bytes;
}

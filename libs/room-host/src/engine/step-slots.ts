/** Time from one slot to the next, in ms. The rooms in one slot run their steps at the same time. */
const SLOT_MS = 2;
/**
 * Number of rooms after which a further slot is used. The steps of one slot share their writes to Redis and to gateways, which take more
 * CPU time than a small step. With more rooms, the steps of a slot would delay each other.
 */
const ROOMS_PER_SLOT = 4;
/**
 * The inverse of the golden ratio. The slots are used in the order of its multiples, modulo 1, so that the slots in use are spread evenly.
 */
const SPREAD = (Math.sqrt(5) - 1) / 2;

/** The phases of all rooms with the same period. A few rooms share a few slots. Many rooms are spread over the whole period. */
export class StepSlots {
  /** Number of rooms by phase in ms, in the order of the phases' first use. */
  private readonly phases: number[] = [];
  private readonly rooms: number[] = [];
  private size = 0;

  /** @param periodMs the time between two steps of a room, in ms */
  constructor(periodMs: number) {
    const count = Math.max(1, Math.floor(periodMs / SLOT_MS));
    const isUsed = new Array<boolean>(count).fill(false);
    for (let number = 0; this.phases.length < count; number++) {
      let slot = Math.floor(((number * SPREAD) % 1) * count);
      while (isUsed[slot]) slot = (slot + 1) % count;
      isUsed[slot] = true;
      this.phases.push(slot * SLOT_MS);
      this.rooms.push(0);
    }
  }

  /** Adds a room to the slot in use with the fewest rooms, and returns the phase of this slot, in ms. */
  take(): number {
    this.size += 1;
    const inUse = Math.min(Math.ceil(this.size / ROOMS_PER_SLOT), this.phases.length);
    let best = 0;
    for (let slot = 1; slot < inUse; slot++) if (this.rooms[slot]! < this.rooms[best]!) best = slot;
    this.rooms[best]! += 1;
    return this.phases[best]!;
  }

  /** Removes a room from its slot. `phaseMs`: the phase that `take` has returned for the room. */
  free(phaseMs: number): void {
    this.size -= 1;
    this.rooms[this.phases.indexOf(phaseMs)]! -= 1;
  }
}

import type { GameEvent, Seat } from '#libs/protocol';
import type { Change, RoomMachine, RoomValue } from '#libs/room';
import { encodePatch } from '#libs/state-patch';
import { type MeasuredSync, SyncTraffic } from './sync-traffic.js';

/** Records the syncs that a server would send to one seat, at the rate of the game (`syncHz`). */
export class SyncRecorder {
  private readonly syncs: MeasuredSync[] = [];
  private readonly beganAt: number;
  private seen: unknown;
  private seenSince: number;
  private seq: number;
  private events: GameEvent[] = [];
  private sentAt: number;
  private seenAt: number;

  /** @param now the room time, in ms */
  constructor(
    private readonly machine: RoomMachine,
    private readonly seat: Seat | null,
    private value: RoomValue,
    now: number,
  ) {
    this.beganAt = this.sentAt = this.seenAt = now;
    this.seen = this.viewOf(value);
    this.seenSince = value.version;
    this.seq = this.seqOf(value);
  }

  /** @param isStep whether a step of the game has made the change */
  changed(value: RoomValue, { version, at, events = [] }: Change, isStep: boolean): void {
    this.value = value;
    for (const { name, data, to } of events) {
      if (to !== undefined && (this.seat === null || !to.includes(this.seat))) continue;
      this.events.push(data === undefined ? { version, name } : { version, name, data });
    }
    const { syncHz, stepHz } = this.machine.rules.definition;
    const isDue = syncHz === 0 || (syncHz === stepHz ? isStep : at - this.sentAt >= 1_000 / syncHz);
    if (isDue) this.send(at);
  }

  finish(now: number): SyncTraffic {
    this.send(now);
    return new SyncTraffic(this.seat, (now - this.beganAt) / 1_000, this.syncs);
  }

  private send(at: number): void {
    const { value, events, seen: before } = this;
    const after = this.viewOf(value);
    const seq = this.seqOf(value);
    this.sentAt = at;
    const isChanged = encodePatch(before, after).length > 0;
    if (!isChanged && events.length === 0 && seq === this.seq) return;
    const input = (this.seat !== null && value.seats[this.seat]?.input) || 0;
    const elapsed = this.machine.rules.definition.stepHz > 0 ? at - this.seenAt : undefined;
    this.syncs.push({ version: value.version, from: this.seenSince, before, after, events, seq, input, elapsed });
    this.events = [];
    this.seq = seq;
    if (!isChanged) return;
    this.seen = after;
    this.seenSince = value.version;
    this.seenAt = at;
  }

  private viewOf(value: RoomValue): unknown {
    return this.machine.viewOf(value, this.seat);
  }

  private seqOf({ seats }: RoomValue): number {
    return this.seat === null ? 0 : (seats[this.seat]?.seq ?? 0);
  }
}

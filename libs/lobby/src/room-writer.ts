import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '#libs/async';
import { type Caller, HoldfastError, type LeftReason, type RoomId, type UserId } from '#libs/protocol';
import { type RoomDoc, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { CAS_TRIES_MAX } from './lobby.options.js';
import { leave } from './room-rules.js';

/** Checks the record of a room before each change. Throws an error to refuse the change. */
export type RoomGuard = (record: RoomRecord) => unknown;

/**
 * Changes the records of rooms. Stateless: every change reads the record, applies a rule, and writes by compare-and-set. So several lobbies
 * may change a room at the same time, and a lobby can die at any point.
 */
@Injectable()
export class RoomWriter {
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly log: Log,
  ) {}

  /**
   * Runs the changes of a room one at a time in this process. Concurrent changes would only fail in their compare-and-set and begin again.
   */
  async lock<T>(id: RoomId, task: () => Promise<T>): Promise<T> {
    return this.mutex.run(id, task);
  }

  /**
   * Reads the room, computes the next document with `rule`, and writes the document. Repeats all three steps when another write came first.
   * `rule` may throw an error to refuse the change. Throws `overtaken` when the caller has changed the room or was admitted since the
   * request.
   */
  async change(id: RoomId, rule: (record: RoomRecord) => RoomDoc, caller?: Pick<Caller, 'user' | 'asked'>): Promise<RoomRecord> {
    return this.lock(id, () => this.changeLocked(id, rule, { caller }));
  }

  /**
   * Changes a room as `change` does, for a task that `lock` runs. `record`: the record for the first attempt. The caller must read this
   * record before it checks the request order.
   */
  async changeLocked(
    id: RoomId,
    rule: (record: RoomRecord) => RoomDoc,
    { caller, record: begin }: { readonly caller?: Pick<Caller, 'user' | 'asked'>; readonly record?: RoomRecord },
  ): Promise<RoomRecord> {
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const known = tries === 0 ? begin : undefined;
      const record = known ?? (await this.records.mustRead(id));
      const doc = rule(record);
      if (caller && !known) await this.userRooms.refuseLate(caller.user, caller.asked);
      const saved = doc === record.doc ? record : await this.records.save(record, { doc });
      if (saved) {
        this.logMembers(record, doc);
        return saved;
      }
    }
    throw new HoldfastError('busy');
  }

  /**
   * Removes a member from the room's record. `guard`: checks each record that this method reads. `record`: a record that the caller has
   * already read, for the first attempt. `guard` does not check it.
   */
  async removeMember(
    id: RoomId,
    user: UserId,
    reason: LeftReason,
    { guard, record: begin }: { readonly guard?: RoomGuard; readonly record?: RoomRecord } = {},
  ): Promise<void> {
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const known = tries === 0 ? begin : undefined;
      const record = known ?? (await this.records.mustRead(id));
      const rest = leave(record, user);
      const doc = rest ?? { ...record.doc, members: [] };
      if (!known) await guard?.(record);
      // The departure of the last member closes the room. While a game runs, `RoomSweeper` closes the room later, after the game.
      const isDone =
        rest === null && record.status !== 'playing' ? await this.close(record, reason) : await this.records.save(record, { doc });
      if (isDone) {
        this.logMembers(record, doc);
        return;
      }
    }
    throw new HoldfastError('busy');
  }

  /** Closes a room. Returns false when the room has changed since `record` was read. */
  async close(record: RoomRecord, reason: LeftReason): Promise<boolean> {
    const isClosed = await this.records.close(record, reason);
    if (isClosed) this.log.life('room.closed', { roomId: record.id, reason });
    return isClosed;
  }

  private logMembers({ id, doc: before }: RoomRecord, after: RoomDoc): void {
    if (before.members === after.members) return;
    for (const { user } of after.members)
      if (!before.members.some((member) => member.user === user)) this.log.life('member.joined', { roomId: id, user });
    for (const { user } of before.members)
      if (!after.members.some((member) => member.user === user)) this.log.life('member.left', { roomId: id, user });
  }
}

/** Ignores errors that need no further work: the room or the membership is gone, or a later request was executed. */
export function ignoreGone(error: unknown): void {
  const isGone = error instanceof HoldfastError && ['room-unknown', 'not-in-room', 'overtaken'].includes(error.code);
  if (!isGone) throw error;
}

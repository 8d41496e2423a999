import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pack } from '#libs/protocol';
import { type Change, type RoomValue, withoutVolatile } from '#libs/room';
import { type Append, type DocAtRev, EndedGameStore, type Epilogue, packChange, RoomLog, type WriteResult } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { describeThrown, Log, Metrics } from '#libs/telemetry';
import type { HostedRoom, InFlight } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { logGameFailure } from '../room/log-game-failure.js';
import { RoomOutputs } from '../room/room-outputs.js';
import { APPEND_RETRY_MS, STALL_PAUSE_MS } from '../room-host.options.js';

/** Changes of one room that have become durable. `before`: the room's durable value without these changes. */
export interface Committed {
  readonly room: HostedRoom;
  readonly before: RoomValue;
  readonly changes: readonly Change[];
}

/**
 * Maximum number of changes whose events are in the epilogue. It is more than a client usually misses while it reconnects, and keeps the
 * epilogue small.
 */
const EPILOGUE_CHANGES = 32;

/**
 * A failure that ends a game while the server stores and sends changes. `handler`: the name of the failed handler, for the log. `message`:
 * a sentence for the players.
 */
interface AppendFailure {
  readonly handler: string;
  readonly message: string;
}

const VIEW_FAILURE: AppendFailure = { handler: 'view', message: 'The game failed in what it shows to its players.' };
/** The name of the handler is `append`, because the handler that made the change is not known any more. */
const CHANGE_FAILURE: AppendFailure = { handler: 'append', message: 'The game made a change that cannot be stored.' };

/** The first part of each batch id. It is random for each process. The second part is a counter. */
const PROCESS_TAG = randomUUID().slice(0, 8);

/**
 * Writes the changes of rooms as group commits: the changes of all rooms in one event-loop tick go to the store in a few calls. The
 * appender sends the next group when these calls are answered. So groups are larger under load, and without load a change does not wait. A
 * room has at most one append under way. The appender repeats an append without an answer, unchanged, until the store answers. The append
 * that ends a game waits until the store is settled, because it gives the record a new revision number. A store that fell back may have
 * lost a record with the same revision number and other content, and a gateway will restore that record. Other appends do not wait.
 */
@Injectable()
export class Appender implements OnModuleInit {
  private dirty = new Set<HostedRoom>();
  private isScheduled = false;
  private isFlushing = false;
  private batches = 0;
  private readonly committedListeners: ((committed: Committed) => void)[] = [];
  private readonly behindListeners: ((room: HostedRoom) => void)[] = [];
  /** The rooms whose last append waits until the store is settled. This append contains the end of the game. */
  private readonly held = new Set<HostedRoom>();
  private holdTimer: NodeJS.Timeout | null = null;
  private readonly settledWaiters = new Map<HostedRoom, (() => void)[]>();

  constructor(
    private readonly roomLog: RoomLog,
    private readonly endedStore: EndedGameStore,
    private readonly rooms: HostedRooms,
    private readonly outputs: RoomOutputs,
    private readonly metrics: Metrics,
    private readonly log: Log,
    private readonly settlement: StoreSettlement,
  ) {}

  onModuleInit(): void {
    this.outputs.onViewFailed((room) => this.end(room, VIEW_FAILURE, room.brokenBy));
    this.rooms.onDropped((room) => {
      this.dirty.delete(room);
      this.held.delete(room);
      this.settled(room);
    });
  }

  /** Queues a room with unstored changes for the next flush. */
  markDirty(room: HostedRoom): void {
    this.dirty.add(room);
    this.schedule();
  }

  onCommitted(listener: (committed: Committed) => void): void {
    this.committedListeners.push(listener);
  }

  /**
   * Registers a listener for rooms whose stored version is older than this owner's durable version. In this case the store has lost data,
   * and the owner must write the room again.
   */
  onBehind(listener: (room: HostedRoom) => void): void {
    this.behindListeners.push(listener);
  }

  /** Resolves when all changes of the room are durable, or the room is dropped. */
  whenSettled(room: HostedRoom): Promise<void> {
    if (!room.isDirty || room.status === 'dropped') return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.settledWaiters.get(room);
      if (waiters) waiters.push(resolve);
      else this.settledWaiters.set(room, [resolve]);
    });
  }

  /** Treats the append under way as stored, because `reassert` has already stored the value after this append. */
  commitInFlight(room: HostedRoom): void {
    const { inFlight } = room;
    if (!inFlight) return;
    this.commit(room, inFlight);
    if (room.unflushed.length > 0) this.markDirty(room);
  }

  /**
   * Handles the refusal of a write as `fenced`. Returns `fenced` when another owner has the room, and drops the room. Returns `ended` when
   * a gateway restored the record with the end that this server had written, after the store fell back. This server then restores the
   * effects and the epilogue, and the players receive the end. Returns `unknown` when the store gave no clear answer, and repeats the
   * append later. Also returns `unknown` when the room was dropped or has another append by now.
   */
  async fenced(room: HostedRoom): Promise<'ended' | 'fenced' | 'unknown'> {
    const { inFlight, ending } = room;
    const isEnding = ending !== null && inFlight?.append === ending.append;
    const outcome = isEnding ? await this.restoreOwnEnd(room) : 'fenced';
    if (room.status === 'dropped' || (isEnding && room.inFlight !== inFlight)) return 'unknown';
    if (outcome === 'ended') this.commitInFlight(room);
    else if (outcome === 'fenced') this.rooms.fenced(room);
    else setTimeout(() => this.markDirty(room), APPEND_RETRY_MS);
    return outcome;
  }

  private async restoreOwnEnd(room: HostedRoom): Promise<'ended' | 'fenced' | 'unknown'> {
    const { ending, tenure, round } = room;
    try {
      const last = await this.endedStore.lastGame(room.id);
      // The store has accepted the append with the end, and its answer was lost. If a lobby has closed the room since then, there is no
      // record to restore.
      if (!last) return (await this.endedStore.isClosed(room.id)) ? 'fenced' : 'unknown';
      // In the store, the game has not ended, because the store fell back again. So the append with the end is repeated.
      if (last.round <= round) return 'unknown';
      if (ending === null || last.epoch > tenure.epoch || last.owner !== '' || last.round !== round + 1) return 'fenced';
      ending.record = { doc: last.doc, rev: last.rev };
      const { endedGame } = room;
      if (!endedGame) return 'fenced';
      const result = await this.endedStore.restoreEnd(room.id, endedGame);
      if (result === 'ok') return 'ended';
      return result === 'fenced' ? 'fenced' : 'unknown';
    } catch {
      return 'unknown';
    }
  }

  private schedule(): void {
    if (this.isScheduled || this.isFlushing) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      void this.flush();
    });
  }

  private async flush(): Promise<void> {
    const rooms: HostedRoom[] = [];
    const appends: Append[] = [];
    const { dirty } = this;
    // Makes a new set, so that a room that is queued during this loop waits for the next flush.
    this.dirty = new Set();
    for (const room of dirty) {
      const append = this.nextAppend(room);
      if (!append) continue;
      rooms.push(room);
      appends.push(append);
    }
    if (appends.length === 0) return;
    this.isFlushing = true;
    let results: WriteResult[];
    try {
      results = await this.roomLog.appendAll(appends);
    } catch (error) {
      // An append that cannot be packed fails the whole group, so no append of the group was sent. The game of this append's room ends. The
      // next flush sends the appends of the other rooms.
      this.log.error('append.failed', { error });
      rooms.forEach((room, index) => {
        if (!canBePacked(appends[index]!)) this.breakOff(room, error);
      });
      results = appends.map(() => 'unknown');
    }
    this.isFlushing = false;
    let mustRetry = false;
    for (let index = 0; index < rooms.length; index++) {
      const { inFlight } = rooms[index]!;
      if (!inFlight || inFlight.append !== appends[index]) continue;
      if (results[index] === 'unknown') mustRetry = true;
      this.settle(rooms[index]!, inFlight, results[index]!);
    }
    if (mustRetry) setTimeout(() => this.schedule(), APPEND_RETRY_MS);
    else if (this.dirty.size > 0) this.schedule();
  }

  /**
   * Returns the append to send for a room: a new one, or a repetition of the one under way. Null: there is nothing to send now, because the
   * room was dropped, has no change to store, or has an end that waits until the store is settled. Also null when the changes are durable
   * without a log, or cannot be packed.
   */
  private nextAppend(room: HostedRoom): Append | null {
    if (room.status === 'dropped' || room.status === 'lame') return null;
    const ends = room.inFlight ? room.inFlight.append?.ended : room.value.ended;
    if (ends && !this.settlement.isSettled) {
      this.hold(room);
      return null;
    }
    if (room.inFlight) return room.inFlight.append;
    if (room.unflushed.length === 0 && !room.value.ended) return null;
    const changes = room.unflushed;
    const after = room.value;
    const since = room.unflushedSince;
    const logged = room.durability === 'every-change';
    room.unflushed = [];
    if (!logged && !after.ended) {
      this.commit(room, { append: null, changes, after, since });
      return null;
    }
    let entries: readonly Uint8Array[] = [];
    if (!after.ended) {
      try {
        entries = changes.map(packChange);
      } catch (error) {
        this.breakOff(room, error);
        return null;
      }
    }
    const onEnded = (record: DocAtRev): void => {
      if (room.ending) room.ending.record = record;
    };
    const append: Append = {
      room: room.id,
      tenure: room.tenure,
      from: logged ? room.durable.version : null,
      entries,
      batch: `${PROCESS_TAG}-${++this.batches}`,
      ended: after.ended,
      ...(after.ended && {
        lastEffects: after.outbox.map((effect) => ({ ...effect, game: after.game })),
        epilogue: epilogueOf(room, after, changes),
        onEnded,
      }),
    };
    if (after.ended) room.ending = { append, record: null };
    room.inFlight = { append, changes, after, since };
    return append;
  }

  /** Delays the end of a game until the store is settled. */
  private hold(room: HostedRoom): void {
    this.stalled(room);
    this.held.add(room);
    if (this.held.size === 1) this.settlement.onceSettled(() => this.resumeHeld());
    // Sends a pause to the players when the wait is longer than `STALL_PAUSE_MS`.
    this.holdTimer ??= setTimeout(() => {
      this.holdTimer = null;
      for (const waiting of this.held) this.stalled(waiting);
    }, STALL_PAUSE_MS + 1).unref();
  }

  private resumeHeld(): void {
    if (this.holdTimer) clearTimeout(this.holdTimer);
    this.holdTimer = null;
    const rooms = [...this.held];
    this.held.clear();
    for (const room of rooms) this.markDirty(room);
  }

  private settle(room: HostedRoom, inFlight: InFlight, result: WriteResult): void {
    switch (result) {
      case 'ok':
        this.commit(room, inFlight);
        if (room.unflushed.length > 0) this.dirty.add(room);
        return;
      case 'fenced':
        void this.fenced(room);
        return;
      case 'conflict':
        this.log.error('append.conflict', { roomId: room.id, epoch: room.tenure.epoch, version: inFlight.append?.from });
        this.rooms.drop(room, 'conflict');
        return;
      case 'behind':
      case 'missing':
        for (const listener of this.behindListeners) listener(room);
        return;
      case 'unknown':
        this.stalled(room);
        this.dirty.add(room);
    }
  }

  private commit(room: HostedRoom, committed: InFlight): void {
    const { changes, after } = committed;
    const before = room.durable;
    this.observe(changes, after.seats.length, committed.since);
    room.inFlight = null;
    room.committed(committed);
    if (room.isPauseSent) {
      room.isPauseSent = false;
      this.outputs.resume(room, 'store');
    }
    this.send(room, () => this.outputs.sendChanges(room, before, changes));
    for (const listener of this.committedListeners) listener({ room, before, changes });
    if (after.ended) {
      const { ended } = after;
      this.send(room, () => this.outputs.end(room, ended));
      this.rooms.drop(room, 'ended');
    } else if (room.brokenBy !== null && !room.value.ended) this.end(room, VIEW_FAILURE, room.brokenBy);
    if (!room.isDirty) this.settled(room);
  }

  /**
   * Records the waiting time of each command in the batch. All commands get the age of the oldest change, so no player waited longer than
   * the recorded time.
   */
  private observe(changes: readonly Change[], seatCount: number, since: number): void {
    let commands = 0;
    for (const { seats } of changes) {
      for (let seat = 0; seats && seat < seatCount; seat++) if (seats[seat]?.seq !== undefined) commands += 1;
    }
    if (commands > 0) this.metrics.commandAckSeconds.observe((performance.now() - since) / 1_000, commands);
  }

  /** Calls `write`. When `write` throws, because a view of the game contains data that cannot be sent, ends only the game of this room. */
  private send(room: HostedRoom, write: () => void): void {
    try {
      write();
    } catch (error) {
      room.brokenBy = error ?? 'nothing';
    }
  }

  /** Ends the game with its last durable value, because its later changes cannot be stored. */
  private breakOff(room: HostedRoom, error: unknown): void {
    room.returnToDurable();
    this.end(room, CHANGE_FAILURE, error);
  }

  private end(room: HostedRoom, { handler, message }: AppendFailure, error: unknown): void {
    logGameFailure(this.log, { roomId: room.id, game: room.value.game, handler, error: describeThrown(error) });
    room.handle({ kind: 'end', result: { reason: 'game-failed', message } });
    this.markDirty(room);
  }

  private stalled(room: HostedRoom): void {
    const now = performance.now();
    room.stalledSince ??= now;
    if (!room.isPauseSent && now - room.stalledSince > STALL_PAUSE_MS) {
      room.isPauseSent = true;
      this.outputs.pause(room, 'store');
    }
  }

  private settled(room: HostedRoom): void {
    const waiters = this.settledWaiters.get(room);
    if (!waiters) return;
    this.settledWaiters.delete(room);
    for (const resolve of waiters) resolve();
  }
}

/**
 * Returns the epilogue of the game, for players who are away at its end. Undefined: the epilogue contains data that cannot be stored, so
 * these players do not receive it.
 */
function epilogueOf(room: HostedRoom, after: RoomValue, changes: readonly Change[]): Epilogue | undefined {
  const { tenure, round } = room;
  const { since, changes: recent } = room.recent.tail([], changes.map(withoutVolatile), EPILOGUE_CHANGES);
  const epilogue: Epilogue = {
    epoch: tenure.epoch,
    round,
    version: after.version,
    seats: after.seats.map(({ user, seq, refused }, seat) => ({ user, seq, refused, state: room.view(after.state, seat) })),
    watched: room.view(after.state, null),
    since,
    events: recent.flatMap(({ version, events = [] }) =>
      events.map(({ name, data, to }) => ({ version, name, ...(data !== undefined && { data }), ...(to && { to }) })),
    ),
  };
  return canBePacked(epilogue) ? epilogue : undefined;
}

function canBePacked(value: object): boolean {
  try {
    pack(value);
    if ('ended' in value) JSON.stringify(value.ended);
    return true;
  } catch {
    return false;
  }
}

import { Injectable } from '@nestjs/common';
import type { RoomInput, RoomOutcome, RoomValue } from '#libs/room';
import { HandlerGuard, type QueuedRun, type RunSubject } from '#libs/watchdog';
import type { Attachment } from './attachment.js';
import type { HostedRoom } from './hosted-room.js';
import { RoomEngine } from './room-engine.js';

export type CommandInput = RoomInput & { kind: 'command' };
export type CommandAnswer = (attachment: Attachment, input: CommandInput, outcome: RoomOutcome<unknown>) => void;

/** More than a read of a link holds in most cases; a longer queue is handled in parts. */
const COMMANDS_MAX = 64;

/**
 * Handles the commands that arrive in one turn of the event loop together, at most one for each seat: to enter the watchdog's
 * boundary costs as much as some commands. Inside the boundary outcomes are computed, which is pure: those of one room each on
 * the value that the one before leads to. They take effect after it.
 */
@Injectable()
export class CommandBatch {
  private queue: QueuedCommand[] = [];
  private isScheduled = false;
  private answered: CommandAnswer = () => {};
  private readonly flushLater = (): void => {
    this.handleSome();
    this.isScheduled = this.queue.length > 0;
    if (this.isScheduled) setImmediate(this.flushLater);
  };

  constructor(
    private readonly engine: RoomEngine,
    private readonly guard: HandlerGuard,
  ) {
    engine.beforeInputOfQueued(() => this.flush());
  }

  onAnswered(answered: CommandAnswer): void {
    this.answered = answered;
  }

  /** Handles the command before the event loop goes on, after all that were added before it. */
  add(attachment: Attachment, input: CommandInput): void {
    const { room } = attachment;
    if (attachment.isQueued || this.queue.length >= COMMANDS_MAX) this.flush();
    room.isQueued = true;
    attachment.isQueued = true;
    this.queue.push(new QueuedCommand(attachment, input));
    if (this.isScheduled) return;
    this.isScheduled = true;
    process.nextTick(this.flushLater);
  }

  /** Handles what is queued now: whoever looks at a room must see it. */
  flush(): void {
    while (this.queue.length > 0) this.handleSome();
  }

  /** Handles the queue up to a command that had to be interrupted, which cost every other room enough time already. */
  private handleSome(): void {
    const { queue, engine } = this;
    const admitted: QueuedCommand[] = [];
    for (const command of queue) {
      command.outcome = engine.refusalOf(command.attachment.room, command.input);
      if (command.outcome === null) admitted.push(command);
    }
    const done = this.guard.runAll(admitted);
    const count = done === admitted.length ? queue.length : queue.indexOf(admitted[done]);
    this.queue = queue.slice(count);
    for (const { attachment } of admitted) attachment.room.ahead = null;
    const handled = queue.slice(0, count);
    for (const { attachment } of handled) {
      attachment.isQueued = false;
      attachment.room.isQueued = false;
    }
    for (const { attachment } of this.queue) attachment.room.isQueued = true;
    for (const { attachment, input, outcome, base } of handled)
      this.answered(attachment, input, this.settled(attachment.room, input, outcome, base));
  }

  private settled(
    room: HostedRoom,
    input: CommandInput,
    outcome: RoomOutcome<unknown> | null,
    base: RoomValue | null,
  ): RoomOutcome<unknown> {
    if (outcome !== null && base === null) return outcome;
    // The one before it did not lead to where this one was computed: it was taken back, or ended the game.
    if (outcome === null || base !== room.value) return this.engine.input(room, input);
    return this.engine.settle(room, input, outcome);
  }
}

class QueuedCommand implements QueuedRun {
  /** Null until it is known. */
  outcome: RoomOutcome<unknown> | null = null;
  /** The value that it was computed on; null: it was not. */
  base: RoomValue | null = null;

  constructor(
    readonly attachment: Attachment,
    readonly input: CommandInput,
  ) {}

  get subject(): RunSubject | null {
    return this.attachment.room.machine.runs ?? null;
  }

  get label(): number {
    return this.attachment.room.machine.labelOf?.(this.input) ?? 0;
  }

  get seat(): number {
    return this.input.seat;
  }

  get seq(): number {
    return this.input.seq;
  }

  work(): void {
    const { room } = this.attachment;
    // The same one when this is run again: it may have come as far as to leave its result to the next.
    this.base ??= room.ahead ?? room.value;
    try {
      this.outcome = room.compute(this.input, this.base);
      if (this.outcome.kind === 'changed') room.ahead = this.outcome.value;
    } catch (error) {
      this.outcome = { kind: 'failed', error };
    }
  }

  stopped(error: unknown): void {
    this.base ??= this.attachment.room.value;
    this.outcome = { kind: 'failed', error };
  }
}

import { Injectable } from '@nestjs/common';
import type { RoomInput, RoomOutcome } from '#libs/room';
import { HandlerGuard, type QueuedRun, type RunSubject } from '#libs/watchdog';
import type { Attachment } from './attachment.js';
import { RoomEngine } from './room-engine.js';

export type CommandInput = RoomInput & { kind: 'command' };
export type CommandAnswer = (attachment: Attachment, input: CommandInput, outcome: RoomOutcome<unknown>) => void;

/** More than a read of a link holds in most cases; a longer queue is handled in parts. */
const COMMANDS_MAX = 64;

/**
 * Handles the commands that arrive in one turn of the event loop together, at most one for each room: to enter the watchdog's
 * boundary costs more than most commands. Inside the boundary outcomes are computed, which is pure; they take effect after it.
 */
@Injectable()
export class CommandBatch {
  private queue: QueuedCommand[] = [];
  private isScheduled = false;
  private answered: CommandAnswer = () => {};
  private readonly flushLater = (): void => {
    this.isScheduled = false;
    this.flush();
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
    if (room.isQueued || this.queue.length >= COMMANDS_MAX) this.flush();
    room.isQueued = true;
    this.queue.push(new QueuedCommand(attachment, input));
    if (this.isScheduled) return;
    this.isScheduled = true;
    process.nextTick(this.flushLater);
  }

  /** Handles what is queued now: whoever looks at a room must see it. */
  flush(): void {
    const { queue, engine } = this;
    if (queue.length === 0) return;
    this.queue = [];
    const admitted: QueuedCommand[] = [];
    for (const command of queue) {
      command.attachment.room.isQueued = false;
      command.outcome = engine.refusalOf(command.attachment.room, command.input);
      if (command.outcome === null) admitted.push(command);
    }
    this.guard.runAll(admitted);
    for (const { attachment, input, outcome, isComputed } of queue) {
      if (outcome !== null) this.answered(attachment, input, isComputed ? engine.settle(attachment.room, input, outcome) : outcome);
    }
  }
}

class QueuedCommand implements QueuedRun {
  /** Null until it is known. */
  outcome: RoomOutcome<unknown> | null = null;
  isComputed = false;

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
    this.isComputed = true;
    try {
      this.outcome = this.attachment.room.compute(this.input);
    } catch (error) {
      this.outcome = { kind: 'failed', error };
    }
  }

  stopped(error: unknown): void {
    this.isComputed = true;
    this.outcome = { kind: 'failed', error };
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RoomInput, RoomOutcome, RoomValue } from '#libs/room';
import { HandlerGuard, type QueuedRun, type RunSubject } from '#libs/watchdog';
import type { Attachment } from '../room/attachment.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { RoomEngine } from './room-engine.js';

export type CommandInput = RoomInput & { kind: 'command' };
export type CommandAnswer = (attachment: Attachment, input: CommandInput, outcome: RoomOutcome<unknown>) => void;

/**
 * Maximum number of commands in one batch, so that a batch does not block the event loop for long. One read of a link rarely contains more.
 */
const COMMANDS_MAX = 64;

/**
 * Handles the commands of one event-loop tick together, at most one for each seat, because a call of the watchdog takes as much time as
 * several commands. One call computes the outcomes of all commands and changes no room. The second command of a room is computed on the
 * value after the first command. The outcomes are applied after the call.
 */
@Injectable()
export class CommandBatch implements OnModuleInit {
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
  ) {}

  onModuleInit(): void {
    this.engine.beforeInputOfQueued(() => this.flush());
  }

  onAnswered(answered: CommandAnswer): void {
    this.answered = answered;
  }

  /** Adds the command to the batch of this event-loop tick. Commands are handled in the order in which they are added. */
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

  /** Handles all queued commands now. Call it before a room is read or gets another input. */
  flush(): void {
    while (this.queue.length > 0) this.handleSome();
  }

  /**
   * Handles the queue. When the watchdog interrupts a command, the remaining commands wait for the next event-loop tick, so that other
   * rooms can continue.
   */
  private handleSome(): void {
    const { queue, engine } = this;
    const admitted: QueuedCommand[] = [];
    for (const command of queue) {
      command.outcome = engine.refusalOf(command.attachment.room, command.input);
      if (command.outcome === null) admitted.push(command);
    }
    const done = this.guard.runAll(admitted);
    const count = done === admitted.length ? queue.length : queue.indexOf(admitted[done]!);
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
    // Computes the outcome now if the batch has not computed it, or if the room's value has changed since.
    if (outcome === null || base !== room.value) return this.engine.input(room, input);
    return this.engine.apply(room, input, outcome);
  }
}

class QueuedCommand implements QueuedRun {
  /** The outcome of the command. Null: the batch has not computed it. */
  outcome: RoomOutcome<unknown> | null = null;
  /** The value on which the outcome was computed. Null: no outcome was computed. */
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
    // When the command runs again, uses the value from which the first run started, because the first run may have set `ahead` to the
    // result of this command.
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

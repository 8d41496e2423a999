import { Inject, Injectable } from '@nestjs/common';
import type { RoomInput, RoomOutcome } from '#libs/room';
import { describeThrown, Log } from '#libs/telemetry';
import { OverrunError } from '#libs/watchdog';
import { Appender } from '../durability/appender.js';
import { HANDLER, handlerOf } from '../room/guarded-machine.js';
import type { HandledOutcome, HostedRoom } from '../room/hosted-room.js';
import { logGameFailure } from '../room/log-game-failure.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions, UNFLUSHED_MAX } from '../room-host.options.js';

/** Handles all inputs of hosted rooms, one at a time and in order. */
@Injectable()
export class RoomEngine {
  private flushQueued: () => void = () => {};
  private readonly handledListeners: ((room: HostedRoom) => void)[] = [];

  constructor(
    private readonly appender: Appender,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  /**
   * Handles an input and returns its outcome. Refuses a command as `busy` or `state-too-large` when a limit of the server is reached.
   * Refuses every input as `moved` while the room migrates.
   */
  input(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> {
    if (room.isQueued) this.flushQueued();
    return this.refusalOf(room, input) ?? this.settle(room, input, room.handle(input));
  }

  /** Sets the callback that handles the queued commands. The engine calls it before a room with a queued command handles another input. */
  beforeInputOfQueued(flush: () => void): void {
    this.flushQueued = flush;
  }

  /**
   * Returns the refusal of an input if the room migrates, was dropped or has too many changes to store. Null: the room can handle the
   * input.
   */
  refusalOf(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> | null {
    if (room.status !== 'active') return { kind: 'refused', code: 'moved' };
    if (room.unflushed.length < UNFLUSHED_MAX) return null;
    if (input.kind === 'command') return { kind: 'refused', code: 'busy' };
    return input.kind === 'step' || input.kind === 'bot' ? { kind: 'unchanged' } : null;
  }

  /** Applies an outcome that `HostedRoom.compute` has computed from the room's current value. Returns the outcome to send to the player. */
  apply(room: HostedRoom, input: RoomInput, computed: RoomOutcome<unknown>): RoomOutcome<unknown> {
    return this.settle(room, input, room.apply(input, computed));
  }

  onHandled(listener: (room: HostedRoom) => void): void {
    this.handledListeners.push(listener);
  }

  /** Ends a game that failed. `why`: a sentence for the players and operators. */
  endFailed(room: HostedRoom, why: string): void {
    this.input(room, { kind: 'end', result: { reason: 'game-failed', message: why } });
  }

  /** Ends the game of a room because its view threw, or returned data that cannot be sent. `brokenBy` of the room has the error. */
  viewFailed(room: HostedRoom): void {
    if (room.value.ended) return;
    const error = describeThrown(room.brokenBy);
    logGameFailure(this.log, { roomId: room.id, game: room.value.game, handler: HANDLER.view, error });
    this.endFailed(room, 'The game failed in what it shows to its players.');
  }

  /**
   * Acts on the outcome of an input: queues a changed room for storing, or, after a failure, refuses the command or ends the game. Returns
   * the outcome to send to the player.
   */
  private settle(room: HostedRoom, input: RoomInput, outcome: HandledOutcome): RoomOutcome<unknown> {
    switch (outcome.kind) {
      case 'changed':
        if (input.kind === 'step') room.noteStep();
        this.appender.markDirty(room);
        for (const listener of this.handledListeners) listener(room);
        return outcome;
      case 'failed':
        return this.failed(room, input, outcome.error);
      case 'too-large':
        return this.tooLarge(room, input);
      default:
        return outcome;
    }
  }

  /**
   * Refuses a command whose handler failed. Ends the game when the handler of another input failed, because it would fail each time. Also
   * ends the game when the watchdog interrupted a handler.
   */
  private failed(room: HostedRoom, input: RoomInput, error: unknown): RoomOutcome<unknown> {
    const handler = handlerOf(input);
    logGameFailure(this.log, { roomId: room.id, game: room.value.game, handler, ...seatOf(input), error: describeThrown(error) });
    const isOverrun = error instanceof OverrunError;
    if (isOverrun || input.kind !== 'command')
      this.endFailed(room, isOverrun ? `The game was stopped: ${error.message}.` : `The game failed in its ${handler}.`);
    return input.kind === 'command' ? { kind: 'refused', code: 'game-failed' } : { kind: 'unchanged' };
  }

  private tooLarge(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> {
    this.log.warn('room.too-large', { roomId: room.id, game: room.value.game, bytesMax: this.options.stateBytesMax });
    if (input.kind === 'command') return { kind: 'refused', code: 'state-too-large' };
    this.endFailed(room, `The game grew past ${this.options.stateBytesMax} bytes in its ${handlerOf(input)}.`);
    return { kind: 'unchanged' };
  }
}

function seatOf(input: RoomInput): { seat?: number; seq?: number } {
  if (input.kind === 'command') return { seat: input.seat, seq: input.seq };
  return input.kind === 'seat' || input.kind === 'bot' ? { seat: input.seat } : {};
}

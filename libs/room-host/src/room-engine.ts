import { Inject, Injectable } from '@nestjs/common';
import { pack } from '#libs/protocol';
import type { RoomInput, RoomOutcome } from '#libs/room';
import { describeThrown, Log } from '#libs/telemetry';
import { OverrunError } from '#libs/watchdog';
import { Appender } from './appender.js';
import { HANDLER, handlerOf } from './guarded-machine.js';
import type { HostedRoom } from './hosted-room.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions, UNFLUSHED_MAX } from './room-host.options.js';

/** The one door through which anything happens to a hosted room: one input at a time, in the order they come. */
@Injectable()
export class RoomEngine {
  private flushQueued: () => void = () => {};
  private readonly handledListeners: ((room: HostedRoom) => void)[] = [];

  constructor(
    private readonly appender: Appender,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  /** The outcome as the machine gave it, but `busy` and `state-too-large` where the server's limits are reached. */
  input(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> {
    if (room.isQueued) this.flushQueued();
    return this.refusalOf(room, input) ?? this.settle(room, input, room.compute(input));
  }

  /** What is to be done before another input reaches a room of which a command is queued. */
  beforeInputOfQueued(flush: () => void): void {
    this.flushQueued = flush;
  }

  /** The outcome of an input that the room takes no code of the game for: it moves, or waits for the store. Null: it takes it. */
  refusalOf(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> | null {
    if (room.status !== 'active') return { kind: 'refused', code: 'moved' };
    if (room.unflushed.length < UNFLUSHED_MAX) return null;
    if (input.kind === 'command') return { kind: 'refused', code: 'busy' };
    return input.kind === 'tick' ? { kind: 'unchanged' } : null;
  }

  /** Puts into effect what was computed of the room as it is (`HostedRoom.compute`). */
  settle(room: HostedRoom, input: RoomInput, outcome: RoomOutcome<unknown>): RoomOutcome<unknown> {
    const before = room.value;
    room.accept(outcome);
    switch (outcome.kind) {
      case 'changed':
        if (isGamesOwn(input)) {
          let fits: boolean;
          try {
            fits = this.fits(room);
          } catch (error) {
            room.takeBack(before);
            return this.failed(room, input, error);
          }
          if (!fits) {
            room.takeBack(before);
            return this.tooLarge(room, input);
          }
        }
        this.appender.markDirty(room);
        for (const listener of this.handledListeners) listener(room);
        return outcome;
      case 'failed':
        return this.failed(room, input, outcome.error);
      default:
        return outcome;
    }
  }

  onHandled(listener: (room: HostedRoom) => void): void {
    this.handledListeners.push(listener);
  }

  /** Ends the room because its game failed. `why`: a sentence for its players and operators. */
  endFailed(room: HostedRoom, why: string): void {
    this.input(room, { kind: 'end', result: { reason: 'game-failed', message: why } });
  }

  /** The game's view threw (`brokenBy`), or gave what no player can be sent: the room is broken, and ends. */
  viewFailed(room: HostedRoom): void {
    if (room.value.ended) return;
    const error = describeThrown(room.brokenBy);
    this.log.error('game.failed', { roomId: room.id, game: room.value.game, handler: HANDLER.view, error });
    this.endFailed(room, 'The game failed in what it shows to its players.');
  }

  /**
   * A command that fails is refused. A timer or tick that fails would fail again, for ever: the room is broken, and ends. So
   * does a room whose handler had to be interrupted.
   */
  private failed(room: HostedRoom, input: RoomInput, error: unknown): RoomOutcome<unknown> {
    const handler = handlerOf(input);
    this.log.error('game.failed', { roomId: room.id, game: room.value.game, handler, ...seatOf(input), error: describeThrown(error) });
    const isOverrun = error instanceof OverrunError;
    if (isOverrun || input.kind !== 'command')
      this.endFailed(room, isOverrun ? `The game was stopped: ${error.message}.` : `The game failed in its ${handler}.`);
    return input.kind === 'command' ? { kind: 'refused', code: 'game-failed' } : { kind: 'unchanged' };
  }

  /**
   * Throws where a change holds what cannot be stored: a room must not find that out when it is on its way.
   * Measuring is packing the whole value, so it is done only when the value can have grown past the limit: each
   * measurement is good until as many bytes of changes have come as were left to the limit.
   */
  private fits(room: HostedRoom): boolean {
    const change = room.unflushed[room.unflushed.length - 1];
    room.bytesSinceMeasured += sizeOf(change.patches) + sizeOf(change.events) + sizeOf(change.effects) + sizeOf(change.ended);
    if (room.bytesMeasured + room.bytesSinceMeasured <= this.options.stateBytesMax) return true;
    room.bytesMeasured = pack(room.value).length;
    room.bytesSinceMeasured = 0;
    return room.bytesMeasured <= this.options.stateBytesMax;
  }

  private tooLarge(room: HostedRoom, input: RoomInput): RoomOutcome<unknown> {
    this.log.warn('room.too-large', { roomId: room.id, game: room.value.game, bytesMax: this.options.stateBytesMax });
    if (input.kind === 'command') return { kind: 'refused', code: 'state-too-large' };
    this.endFailed(room, `The game grew past ${this.options.stateBytesMax} bytes in its ${handlerOf(input)}.`);
    return { kind: 'unchanged' };
  }
}

/** What we record ourselves must always be possible: it is small, and ends what has grown too large. */
function isGamesOwn(input: RoomInput): boolean {
  return input.kind !== 'end' && input.kind !== 'effects-done';
}

/** About the packed size of a change's parts, without packing them: rather too much than too little. Throws on what is no plain data. */
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

function seatOf(input: RoomInput): { seat?: number; seq?: number } {
  if (input.kind === 'command') return { seat: input.seat, seq: input.seq };
  return input.kind === 'seat' ? { seat: input.seat } : {};
}

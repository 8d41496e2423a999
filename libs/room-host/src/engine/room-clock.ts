import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Seat } from '#libs/protocol';
import type { InputCounts, RoomInput } from '#libs/room';
import { Metrics, type Tally, type TallyHistogram } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import { RoomEngine } from './room-engine.js';
import { type Stepper, StepSchedule } from './step-schedule.js';

/** Longest delay that `setTimeout` accepts, in ms. A timer with a later due time is set again after this delay. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/**
 * Runs the timers and steps of hosted rooms, and detects players who are away. Due times are part of the room's value, in room time. So a
 * timer fires once even if the owner dies before the due time: it then fires on the next owner.
 */
@Injectable()
export class RoomClock implements OnModuleInit {
  private readonly schedules = new Map<HostedRoom, Schedule>();
  private readonly steps = new StepSchedule();
  private readonly stepTallies = new Map<string, StepTallies>();
  private readonly inputCounts = new Map<string, InputCounts>();
  private readonly awayListeners: ((room: HostedRoom) => void)[] = [];

  constructor(
    private readonly engine: RoomEngine,
    private readonly rooms: HostedRooms,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const { stepSeconds, stepLagSeconds } = this.metrics;
    this.rooms.onAdded((room) => {
      this.schedules.set(
        room,
        new Schedule(
          new RoomStepper(room, this.engine, this.talliesOf(room.value.game), stepSeconds, stepLagSeconds),
          new BotStepper(room, this.engine),
        ),
      );
      if (room.inputs) room.inputs.counts = this.inputCountsOf(room.value.game);
      this.start(room);
    });
    this.rooms.onDropped((room) => {
      const schedule = this.schedules.get(room);
      if (!schedule) return;
      schedule.stop();
      this.steps.remove(schedule.stepper);
      this.steps.remove(schedule.bots);
      this.schedules.delete(room);
    });
    this.engine.onHandled((room) => this.schedule(room));
  }

  /**
   * Starts the wait for a new connection of a seat without a connection. If none arrives within `awayAfterMs`, the game learns that the
   * player is away.
   */
  seatEmptied(room: HostedRoom, seat: Seat): void {
    const awayTimers = this.schedules.get(room)?.awayTimers;
    if (!awayTimers || awayTimers.has(seat) || room.status !== 'active') return;
    const timer = setTimeout(() => {
      awayTimers.delete(seat);
      if (room.bySeat.has(seat)) return;
      this.engine.input(room, { kind: 'seat', seat, event: 'away' });
      for (const listener of this.awayListeners) listener(room);
    }, this.options.awayAfterMs);
    awayTimers.set(seat, timer);
  }

  /** Registers a listener. It is called with a room each time a player of this room becomes away. */
  onAway(listener: (room: HostedRoom) => void): void {
    this.awayListeners.push(listener);
  }

  seatFilled(room: HostedRoom, seat: Seat): void {
    const awayTimers = this.schedules.get(room)?.awayTimers;
    clearTimeout(awayTimers?.get(seat));
    awayTimers?.delete(seat);
    if (room.value.seats[seat]!.presence === 'away') this.engine.input(room, { kind: 'seat', seat, event: 'back' });
  }

  /** Starts the timers and steps of a room, at its arrival on this server or after a freeze. */
  start(room: HostedRoom): void {
    const schedule = this.schedules.get(room);
    if (!schedule) return;
    this.schedule(room);
    const { stepHz } = room.machine.rules.definition;
    if (stepHz > 0) this.steps.add(schedule.stepper, stepHz);
    const { bot } = room.machine.rules;
    if (bot) this.steps.add(schedule.bots, 1_000 / bot.everyMs);
    room.value.seats.forEach(({ presence, bot: isBot }, seat) => {
      if (presence === 'here' && !isBot && !room.bySeat.has(seat)) this.seatEmptied(room, seat);
    });
  }

  private talliesOf(game: string): StepTallies {
    let tallies = this.stepTallies.get(game);
    if (!tallies) {
      const { steps, stepsLate, stepsDropped } = this.metrics;
      tallies = { run: steps.of({ game }), late: stepsLate.of({ game }), dropped: stepsDropped.of({ game }) };
      this.stepTallies.set(game, tallies);
    }
    return tallies;
  }

  private inputCountsOf(game: string): InputCounts {
    let counts = this.inputCounts.get(game);
    if (!counts) {
      const { inputsTaken, inputsDropped } = this.metrics;
      const taken = inputsTaken.of({ game });
      const dropped = {
        old: inputsDropped.of({ game, reason: 'old' }),
        replaced: inputsDropped.of({ game, reason: 'replaced' }),
        'too-many': inputsDropped.of({ game, reason: 'too-many' }),
        invalid: inputsDropped.of({ game, reason: 'invalid' }),
      };
      counts = { taken: () => taken.inc(), dropped: (reason) => dropped[reason].inc() };
      this.inputCounts.set(game, counts);
    }
    return counts;
  }

  private schedule(room: HostedRoom): void {
    const schedule = this.schedules.get(room);
    if (!schedule) return;
    let next = Number.POSITIVE_INFINITY;
    for (const name in room.value.timers) next = Math.min(next, room.value.timers[name]!);
    if (next === schedule.timerDue && schedule.timer) return;
    if (schedule.timer) clearTimeout(schedule.timer);
    schedule.timer = null;
    schedule.timerDue = next;
    if (next === Number.POSITIVE_INFINITY || room.value.ended || room.status !== 'active') return;
    schedule.timer = setTimeout(() => this.fire(room, schedule), Math.min(TIMEOUT_MAX_MS, Math.max(0, next - room.time.now())));
  }

  private fire(room: HostedRoom, schedule: Schedule): void {
    schedule.timer = null;
    const now = room.time.now();
    const due = Object.entries(room.value.timers)
      .filter(([, at]) => at <= now)
      .sort(([, a], [, b]) => a - b);
    for (const [name, at] of due) {
      // Checks the timer again, because the handler of an earlier timer may have removed it or ended the game.
      if (room.status === 'active' && room.value.timers[name] === at && !room.value.ended) this.engine.input(room, { kind: 'timer', name });
    }
    this.schedule(room);
  }
}

/** The timers of this process for one room. */
class Schedule {
  timer: NodeJS.Timeout | null = null;
  /** Due time of `timer`, in room time. Infinity: the room has no timer. */
  timerDue = Number.POSITIVE_INFINITY;
  readonly awayTimers = new Map<Seat, NodeJS.Timeout>();

  constructor(
    readonly stepper: RoomStepper,
    readonly bots: BotStepper,
  ) {}

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const timer of this.awayTimers.values()) clearTimeout(timer);
  }
}

interface StepTallies {
  readonly run: Tally;
  readonly late: Tally;
  readonly dropped: Tally;
}

/** Lets each bot of a room make one move. When the process is late, the bots skip the missed moves. */
class BotStepper implements Stepper {
  constructor(
    private readonly room: HostedRoom,
    private readonly engine: RoomEngine,
  ) {}

  step(): void {
    const { room } = this;
    for (let seat = 0; seat < room.value.seats.length; seat++) {
      const { bot, presence } = room.value.seats[seat]!;
      if (!bot || presence === 'left') continue;
      if (room.status !== 'active' || room.value.ended) return;
      this.engine.input(room, room.inputs ? { kind: 'bot', seat, inputs: room.inputs } : { kind: 'bot', seat });
    }
  }

  late(): void {}

  dropped(): void {}
}

class RoomStepper implements Stepper {
  private readonly input: RoomInput;

  constructor(
    private readonly room: HostedRoom,
    private readonly engine: RoomEngine,
    private readonly tallies: StepTallies,
    private readonly seconds: TallyHistogram,
    private readonly lag: TallyHistogram,
  ) {
    this.input = room.inputs ? { kind: 'step', inputs: room.inputs } : { kind: 'step' };
  }

  step(lagMs: number): void {
    // A room that migrates or has ended is about to leave this server, so it runs no more steps.
    if (this.room.status !== 'active' || this.room.value.ended) return;
    this.lag.observe(lagMs / 1_000);
    const startedAt = performance.now();
    this.engine.input(this.room, this.input);
    this.tallies.run.inc();
    this.seconds.observe((performance.now() - startedAt) / 1_000);
  }

  late(): void {
    this.tallies.late.inc();
  }

  dropped(steps: number): void {
    this.tallies.dropped.inc(steps);
  }
}

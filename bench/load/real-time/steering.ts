import { FULL_TURN } from '../../real-time/world.js';
import { nowMs, percentile, sleep } from '../../tools.js';
import { enterColyseus } from './colyseus-pilots.js';
import { enterHoldfast } from './holdfast-pilots.js';
import type { EnterRoom, Pilot } from './pilot.js';
import { Tracker } from './tracker.js';

const ENTRANCES = { holdfast: enterHoldfast, colyseus: enterColyseus } satisfies Record<string, EnterRoom>;
/** Number of rooms that are entered at the same time. */
const ROOMS_AT_ONCE = 4;
/** Number of pilots per room that turn and decode the state. The others only steer and count bytes. */
const TRACKED_OF_ROOM = { small: 1, large: 8 };
const LARGE = 100;

export interface Flight {
  readonly server: keyof typeof ENTRANCES;
  readonly port: number;
  /** The name of the game or of the room's class. */
  readonly room: string;
  readonly rooms: number;
  readonly seats: number;
}

export interface Flown {
  readonly seconds: number;
  readonly players: number;
  readonly inputsPerSecond: number;
  /** Bytes per player and second, from the socket. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Difference between the interval of two arriving steps and the length of a step. */
  readonly jitterP50Ms: number;
  readonly jitterP99Ms: number;
  /** Time from the input that turns a ship to the first state that shows the turn. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly turns: number;
  /** Steps per second that the tracked pilots saw. */
  readonly stepsPerSecond: number;
}

interface Steered {
  readonly pilot: Pilot;
  readonly tracker: Tracker | null;
  direction: number;
}

/** All pilots of one load process. Each sends its direction at a steady rate. Some also turn now and then, and measure when
 * they see the turn. */
export class Steering {
  private readonly all: Steered[] = [];
  private inputs = 0;
  private isSteering = false;
  private steering: Promise<void> | null = null;

  async enterFlight({ server, port, room, rooms, seats }: Flight): Promise<void> {
    let left = rooms;
    const tracked = seats < LARGE ? TRACKED_OF_ROOM.small : TRACKED_OF_ROOM.large;
    await Promise.all(
      Array.from({ length: Math.min(rooms, ROOMS_AT_ONCE) }, async () => {
        while (left-- > 0) {
          const trackers = Array.from({ length: tracked }, () => new Tracker());
          const sights = trackers.map((tracker) => tracker.saw.bind(tracker));
          const pilots = await ENTRANCES[server](port, room, seats, sights);
          for (const [index, pilot] of pilots.entries())
            this.all.push({ pilot, tracker: trackers[index] ?? null, direction: Math.floor(Math.random() * FULL_TURN) });
        }
      }),
    );
  }

  /** Starts the inputs of all pilots, which go on until `stopSteering`. */
  startSteering({ perSecond }: { perSecond: number }): void {
    this.isSteering = true;
    this.steering = this.keepSteering(perSecond);
  }

  async stopSteering(): Promise<void> {
    this.isSteering = false;
    await this.steering;
  }

  /** Measures for `ms` what the pilots send and receive. */
  async watchFlight({ ms }: { ms: number }): Promise<Flown> {
    const trackers = this.all.flatMap(({ tracker }) => tracker ?? []);
    for (const tracker of trackers) tracker.restart();
    const before = this.totals();
    const startedAt = nowMs();
    await sleep(ms);
    const seconds = (nowMs() - startedAt) / 1_000;
    const after = this.totals();
    const jitters = trackers.flatMap(({ jittersMs }) => jittersMs);
    const latencies = trackers.flatMap(({ latenciesMs }) => latenciesMs);
    const each = seconds * this.all.length;
    return {
      seconds,
      players: this.all.length,
      inputsPerSecond: (after.inputs - before.inputs) / each,
      bytesIn: (after.bytesIn - before.bytesIn) / each,
      bytesOut: (after.bytesOut - before.bytesOut) / each,
      jitterP50Ms: percentile(jitters, 0.5),
      jitterP99Ms: percentile(jitters, 0.99),
      latencyP50Ms: percentile(latencies, 0.5),
      latencyP99Ms: percentile(latencies, 0.99),
      turns: latencies.length,
      stepsPerSecond: jitters.length / seconds / trackers.length,
    };
  }

  private async keepSteering(perSecond: number): Promise<void> {
    const all = this.all.filter(({ tracker }) => !tracker);
    const tracked = this.all.filter(({ tracker }) => tracker);
    const rate = perSecond * all.length;
    const startedAt = nowMs();
    const trackedDue = tracked.map(() => startedAt + (Math.random() * 1_000) / perSecond);
    for (let sent = 0; this.isSteering; ) {
      const now = nowMs();
      for (const due = Math.floor(((now - startedAt) * rate) / 1_000); sent < due; sent++) this.wander(all[sent % all.length]);
      for (const [index, steered] of tracked.entries()) {
        const tracker = steered.tracker as Tracker;
        // A turn is sent immediately, at any phase of a step, and the other inputs at the steady rate.
        if (!tracker.turn(now) && now < trackedDue[index]) continue;
        trackedDue[index] = now + 1_000 / perSecond;
        this.send(steered, tracker.direction);
      }
      await sleep(1);
    }
  }

  /** Sends a direction that differs a little from the last one of this pilot. */
  private wander(steered: Steered): void {
    steered.direction = (steered.direction + Math.floor(Math.random() * 9) - 4 + FULL_TURN) % FULL_TURN;
    this.send(steered, steered.direction);
  }

  private send({ pilot }: Steered, direction: number): void {
    this.inputs += 1;
    pilot.steer(direction);
  }

  private totals(): { inputs: number; bytesIn: number; bytesOut: number } {
    let [bytesIn, bytesOut] = [0, 0];
    for (const { pilot } of this.all) {
      bytesIn += pilot.wire.bytesIn;
      bytesOut += pilot.wire.bytesOut;
    }
    return { inputs: this.inputs, bytesIn, bytesOut };
  }
}

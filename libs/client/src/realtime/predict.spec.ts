import type { Seat } from '#libs/protocol';
import { type PredictionOptions, predict } from './predict.js';
import type { FeedSync, RoomFeed } from './room-feed.js';

interface Car {
  x: number;
  lap?: number;
}
interface Race {
  readonly cars: readonly Car[];
}

function setUp(options: Partial<PredictionOptions<Race, Car, number>> = {}, seat: Seat | null = 0 as Seat) {
  let now = 0;
  let listener: (sync: FeedSync<Race>) => void = () => {};
  const sent: [number: number, data: unknown][] = [];
  const on: RoomFeed<Race>['on'] = (_name, added) => {
    listener = added;
    return () => {
      listener = () => {};
    };
  };
  const room: RoomFeed<Race> = { seat, on, sendInput: (number, data) => sent.push([number, data]) };
  const car = predict(room, {
    stepMs: 50,
    own: ({ cars }, mine) => cars[mine],
    step: (own, speed) => {
      own.x += speed;
    },
    idle: 0,
    blend: { x: 'linear' },
    now: () => now,
    ...options,
  });
  let version = 0;
  const sync = (x: number, input = 0, fields: Partial<FeedSync<Race>> = {}): void =>
    listener({ version: ++version, time: now, input, state: { cars: [{ x }] }, ...fields });
  /** Advances the time by `ms`, and displays a frame every 10 ms. */
  const wait = (ms: number): Car | undefined => {
    let shown: Car | undefined;
    for (const end = now + ms; now < end; ) {
      now += 10;
      shown = car.sample();
    }
    return shown;
  };
  return { car, sent, sync, wait };
}

describe("the prediction of the player's own entity", () => {
  it('moves the entity in the first frame after a new player input', () => {
    const { car, sync, wait } = setUp();
    sync(100);
    wait(50);
    car.hold(10);
    expect(car.sample()?.x).toBe(100);
    expect(wait(10)?.x).toBeGreaterThan(100);
    expect(wait(240)?.x).toBeCloseTo(150);
  });

  it('displays nothing when no state has an entity of the player', () => {
    const { car, sync, wait } = setUp({ own: ({ cars }) => (cars[0]?.x === -1 ? undefined : cars[0]) });
    expect(wait(100)).toBeUndefined();
    sync(-1);
    expect(wait(100)).toBeUndefined();
    sync(5);
    expect(car.sample()).toEqual({ x: 5 });
    const spectator = setUp({}, null);
    spectator.sync(5);
    spectator.car.hold(1);
    expect(spectator.wait(2_000)).toBeUndefined();
    expect(spectator.sent).toEqual([]);
  });

  it('sends a key press and its release within one step as two player inputs', () => {
    const { car, sent, sync, wait } = setUp();
    sync(0);
    wait(50);
    car.hold(10);
    car.hold(0);
    wait(50);
    expect(sent.map(([, data]) => data).slice(-1)).toEqual([10]);
    wait(50);
    expect(sent.map(([, data]) => data).slice(-2)).toEqual([10, 0]);
    expect(wait(200)?.x).toBeCloseTo(10);
  });

  it('sends an unchanged player input again once per second', () => {
    const { sent, sync, wait } = setUp();
    sync(0);
    wait(5_000);
    expect(sent.length).toBeGreaterThanOrEqual(5);
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  it('continues the numbers of player inputs after a reload of the page', () => {
    const { sent, sync, wait } = setUp();
    sync(0, 41);
    wait(100);
    expect(sent[0]).toEqual([42, 0]);
  });

  it.each([true, false])('sends the player input again after a rewind that removed it (rewind reported: %s)', (rewound) => {
    const { car, sent, sync, wait } = setUp();
    sync(0);
    wait(50);
    car.hold(10);
    wait(100);
    const [number] = sent.at(-1) as [number, unknown];
    sync(10, number);
    wait(50);
    sync(0, 0, { rewound });
    wait(100);
    expect(sent.at(-1)).toEqual([number + 1, 10]);
  });

  it('moves the entity after a new player input, even after a minute without a sync', () => {
    const { car, sent, sync, wait } = setUp();
    sync(0);
    wait(60_000);
    car.hold(10);
    expect(wait(200)?.x).toBeGreaterThan(20);
    expect(sent.at(-1)?.[1]).toBe(10);
  });

  it('stops the entity after ten seconds without a sync', () => {
    const { car, sync, wait } = setUp();
    sync(0);
    car.hold(10);
    wait(20_000);
    const x = car.sample()?.x as number;
    expect(x).toBeGreaterThan(1_900);
    expect(wait(1_000)?.x).toBe(x);
    expect(car.stats.silentMs).toBe(21_000);
  });

  it('does not change the state object of the room', () => {
    const { car, sync, wait } = setUp();
    const state: Race = { cars: [Object.freeze({ x: 1 })] };
    sync(0, 0, { state: Object.freeze(state) });
    car.hold(5);
    expect(wait(500)?.x).toBeGreaterThan(10);
    expect(state.cars[0]?.x).toBe(1);
  });

  it('accepts a step function that returns a new value and does not change its argument', () => {
    const { car, sync, wait } = setUp({ step: ({ x, lap = 0 }, speed) => ({ x: x + speed, lap: lap + 1 }) });
    sync(0);
    car.hold(10);
    const shown = wait(200);
    expect(shown?.x).toBeCloseTo(40);
    expect(Number.isInteger(shown?.lap)).toBe(true);
  });

  it('reports the time from a player input to the first sync that contains it', () => {
    const { car, sync, wait, sent } = setUp();
    sync(0);
    expect(car.stats.roundTripMs).toBeUndefined();
    wait(50);
    const [number] = sent.at(-1) as [number, unknown];
    wait(80);
    sync(0, number);
    expect(car.stats.roundTripMs).toBe(80);
    wait(200);
    expect(car.stats.pendingSteps).toBe(4);
  });

  it('refuses a step length that is not above 0', () => {
    expect(() => setUp({ stepMs: 0 })).toThrow('stepMs is 0: it must be a number of ms above 0, such as 50.');
  });

  it('ignores syncs after the prediction was stopped', () => {
    const { car, sync } = setUp();
    car.stop();
    sync(5);
    expect(car.sample()).toBeUndefined();
  });
});

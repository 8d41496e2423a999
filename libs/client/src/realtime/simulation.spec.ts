import { type Measures, measured } from '../../test/motion-measures.fixture.js';
import { FRAME_MS, type Frame, play, SPEED, STEP_MS } from '../../test/moving-game.fixture.js';

/** The distance that a ship moves in one step, in units. */
const STEP = (SPEED * STEP_MS) / 1_000;
/** The distance that a ship moves in one frame, in units. */
const FRAME = (SPEED * FRAME_MS) / 1_000;
/** Returns the duration in ms after which TCP repeats a lost message. */
const holdMs = (latencyMs: number) => Math.max(200, latencyMs * 1.5);

const LATENCIES = [0, 50, 100, 200, 300];
const LOSSES = [0, 0.01, 0.05];
const SEEDS = [1, 7];
const grid = LATENCIES.flatMap((latencyMs) => LOSSES.map((loss) => ({ latencyMs, loss, jitterMs: latencyMs / 5 })));
const CALM = { latencyMs: 100, jitterMs: 10, loss: 0, seed: 3, durationMs: 20_000 };
const PAUSE = { from: 8_000, to: 10_000 };

/** Prints the measurements if the variable `SHOW` is set: `SHOW=1 npx jest --selectProjects unit libs/client/src/realtime`. */
function show(name: string, measures: Measures): Measures {
  const values = Object.entries(measures).map(([key, value]) => `${key} ${(value as number).toFixed(1)}`);
  if (process.env.SHOW) process.stdout.write(`${name.padEnd(32)} ${values.join('  ')}\n`);
  return measures;
}

describe.each(grid)('the page of a player with a latency of $latencyMs ms and a packet loss of $loss', (network) => {
  const { latencyMs, loss } = network;
  const runs = SEEDS.map((seed) => play({ ...network, seed, durationMs: 20_000 }));
  const all = runs.map((run, index) => show(`${latencyMs} ms, ${loss * 100} %, seed ${SEEDS[index]}`, measured(run, latencyMs)));

  it("never shows the player's own ship at rest for longer than 2 frames", () => {
    for (const { stillMs } of all) expect(stillMs).toBeLessThanOrEqual(2.1 * FRAME_MS);
  });

  it("displays the player's own ship close to the position that the server later computes", () => {
    for (const { errorP95, errorMax } of all) {
      expect(errorP95).toBeLessThanOrEqual((1.2 + 60 * loss) * STEP);
      // TCP must repeat the message about the turn, so the ship turns later on the server.
      expect(errorMax).toBeLessThanOrEqual(loss === 0 ? 2.5 * STEP : (SPEED * (holdMs(latencyMs) + 2 * STEP_MS)) / 1_000);
    }
  });

  it("corrects the player's own ship by at most two steps when no message was lost", () => {
    for (const { correctionP95, correctionMax } of all) {
      expect(correctionP95).toBeLessThanOrEqual((1.2 + 60 * loss) * STEP);
      if (loss === 0) expect(correctionMax).toBeLessThanOrEqual(2.2 * STEP);
    }
  });

  it('moves other ships without jumps', () => {
    for (const { otherJerk } of all) expect(otherJerk).toBeLessThanOrEqual(loss === 0 ? 0.25 * FRAME : 4 * FRAME);
  });

  it('adapts the display delay of other ships to the jitter of the network', () => {
    for (const { delayMs } of all) {
      expect(delayMs).toBeGreaterThanOrEqual(STEP_MS);
      expect(delayMs).toBeLessThanOrEqual(STEP_MS + network.jitterMs + 20 + (loss === 0 ? 0 : holdMs(latencyMs)));
    }
  });

  it('sends fewer than 60 player inputs within 20 seconds, with consecutive numbers', () => {
    for (const { inputs } of runs) {
      expect(inputs.length).toBeLessThan(60);
      expect(inputs.map(({ number }) => number)).toEqual(inputs.map((_, index) => index + 1));
    }
  });
});

describe('a page that receives nothing from its server for two seconds', () => {
  it.each([
    ['on which the room time continues', false, 0],
    ['on which the room time stops', true, 0],
    ['that rewinds ten steps', false, 10],
  ])(
    "keeps the player's own ship in motion, and later corrects its position only once (a server %s)",
    (name, isTimeStopped, rewindSteps) => {
      const run = play({ ...CALM, rewindSteps, pause: { ...PAUSE, isTimeStopped } });
      const during = show(`server ${name}`, measured(run, 100, PAUSE.from, PAUSE.to + 1_500));
      expect(during.stillMs).toBeLessThanOrEqual(2.1 * FRAME_MS);
      expect(during.otherJerk).toBeLessThanOrEqual(5 * FRAME);
      // The client corrects the ship once, by the distance that the ship flew ahead of the server.
      expect(during.correctionMax).toBeLessThanOrEqual((SPEED * (PAUSE.to - PAUSE.from + 500)) / 1_000 + rewindSteps * STEP);
      expect(run.corrections.filter(({ at, length }) => at > PAUSE.from && length > 3 * STEP)).toHaveLength(1);
      const after = show(`server ${name}: after`, measured(run, 100, PAUSE.to + 2_000));
      expect(after.errorP95).toBeLessThanOrEqual(1.2 * STEP);
      expect(after.correctionMax).toBeLessThanOrEqual(2.2 * STEP);
      expect(after.ownJerk).toBeLessThanOrEqual(FRAME);
      expect(after.otherJerk).toBeLessThanOrEqual(0.25 * FRAME);
    },
  );

  it('sends the current player input to the new owner', () => {
    const run = play({ ...CALM, turn: 1, pause: PAUSE });
    const sent = run.inputs.filter(({ at }) => at >= PAUSE.to);
    expect((sent[0] as { at: number }).at).toBeLessThan(PAUSE.to + 250);
    const headings = run.truth.filter(({ at }) => at > PAUSE.to + 500).map(({ own }) => own.heading);
    expect((headings[20] as number) - (headings[0] as number)).toBeCloseTo(3);
  });
});

describe('a page that displayed nothing for ten seconds', () => {
  const AWAY = { from: 5_000, to: 15_000 };

  it.each(['hidden', 'asleep'] as const)('shows no jump and sends no burst of player inputs after the page was %s', (name) => {
    const run = play({ ...CALM, [name]: AWAY });
    const back = show(name, measured(run, 100, AWAY.to + 2 * FRAME_MS));
    expect(back.stillMs).toBeLessThanOrEqual(2.1 * FRAME_MS);
    expect(back.ownJerk).toBeLessThanOrEqual(2 * FRAME);
    expect(back.otherJerk).toBeLessThanOrEqual(FRAME);
    expect(back.errorP95).toBeLessThanOrEqual(1.2 * STEP);
    const first = run.frames.filter(({ at }) => at >= AWAY.to)[2] as Frame;
    expect(first.delayMs).toBeLessThanOrEqual(2 * STEP_MS);
    for (const { at } of run.inputs) expect(run.inputs.filter((input) => input.at >= at && input.at < at + 1_000).length).toBeLessThan(12);
  });
});

import { connect } from '@holdfast/client';
import { WebSocket } from 'ws';
import * as harvest from '../docs/from-colyseus/games/harvest/page/play.js';
import { playFirstMove } from '../docs/packages/quick-start.js';
import type { TicTacToe } from '../docs/packages/tic-tac-toe.js';
import { play as sail } from '../docs/real-time/games/boats/page/play.js';
import { play as playHands } from '../docs/writing-a-game/games/rock-paper-scissors/page/play.js';
import { type ExampleFleet, startExampleFleet } from './harness/example-fleet.js';
import { until } from './harness/index.js';

const WAIT = { timeoutMs: 10_000 };

/** Plays the programs of the documentation on a fleet that is started by the documentation's own server files. */
describe('the programs of the documentation', () => {
  let examples: ExampleFleet;
  const lines: string[] = [];
  const stored = new Map<string, string>();

  beforeAll(async () => {
    examples = await startExampleFleet();
    // The programs are for pages.
    Object.assign(globalThis, {
      WebSocket,
      sessionStorage: {
        getItem: (key: string) => stored.get(key) ?? null,
        setItem: (key: string, value: string) => stored.set(key, value),
        removeItem: (key: string) => stored.delete(key),
      },
    });
  }, 60_000);
  afterAll(() => examples?.stop());
  beforeEach(() => {
    lines.length = 0;
    jest.spyOn(console, 'log').mockImplementation((...parts) => {
      lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it('make a move in a match', async () => {
    const bob = await connect(examples.url, { name: 'Bob' });
    const first = playFirstMove(examples.url);
    const room = await bob.quickMatch<TicTacToe>('tic-tac-toe');
    await room.waitFor(({ state }) => state !== undefined, WAIT);
    if (room.seat === 0) await room.send('place', { cell: 0 });
    await first;
    await room.waitFor(({ state, seat }) => state?.cells[4] === 1 - (seat as number), WAIT);
    bob.close();
  });

  it('play rock, paper, scissors to the end', async () => {
    const [ann, bob] = await Promise.all([
      playHands(examples.url, 'Ann', async () => 'rock'),
      playHands(examples.url, 'Bob', async () => 'paper'),
    ]);
    await until(() => lines.filter((line) => line.startsWith('over:')).length === 2, 10_000);
    expect(lines).toContain('round 2, 0 to 1');
    for (const session of [ann, bob]) session.close();
  });

  it('find, watch and leave rooms of the game harvest', async () => {
    const room = await harvest.enter(examples.url);
    expect(room.view.options).toEqual({ map: 'hill' });
    await room.start();
    harvest.listen(room, (text) => lines.push(text));
    await harvest.speak(room, 'hello');
    await until(() => lines.some((line) => line.includes('hello')), 5_000);
    const seen: string[] = [];
    const viewer = await connect(examples.url, { name: 'Eve' });
    await harvest.showRooms(viewer, (rooms) => seen.push(...rooms.map(({ id }) => id)));
    await until(() => seen.includes(room.id), 5_000);
    expect(await harvest.invite(viewer)).toMatch(/^[0-9A-Z]{8}$/);
    viewer.close();
    await room.leave();
    (await connect(examples.url, { storage: sessionStorage })).close();
  });

  it('draw the boat of the player in each frame', async () => {
    let drawn = 0;
    let frames: NodeJS.Timeout | undefined;
    const nothing = () => {};
    const canvas = { clearRect: nothing, save: nothing, restore: nothing, translate: nothing, rotate: nothing, canvas: {} };
    Object.assign(globalThis, {
      addEventListener: nothing,
      requestAnimationFrame: (frame: () => void) => {
        frames = setTimeout(frame, 10);
      },
    });
    const session = await sail(examples.url, { ...canvas, fillRect: () => ++drawn } as unknown as CanvasRenderingContext2D);
    await until(() => drawn > 2, 10_000);
    clearTimeout(frames);
    session.close();
  });
});

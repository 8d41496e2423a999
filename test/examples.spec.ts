import { connect, type RoomSummary, type Session } from '@holdfast/client';
import { WebSocket } from 'ws';
import * as chats from '../docs/chat/chat.js';
import * as harvest from '../docs/from-colyseus/games/harvest/page/play.js';
import type { Harvest } from '../docs/from-colyseus/games/harvest/src/harvest.js';
import { playFirstMove } from '../docs/packages/quick-start.js';
import type { TicTacToe } from '../docs/packages/tic-tac-toe.js';
import { play as sail } from '../docs/real-time/games/boats/page/play.js';
import * as rooms from '../docs/rooms/rooms.js';
import * as sessions from '../docs/sessions/sessions.js';
import { enter as enterOldPage } from '../docs/upgrading/old-page.js';
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
    // The programs are for pages, so they need the globals of a browser.
    Object.assign(globalThis, {
      WebSocket,
      localStorage: { getItem: () => null },
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
    // Either player can have created the room, so Bob can have either seat.
    expect(lines.some((line) => line === 'round 2, 0 to 1' || line === 'round 2, 1 to 0')).toBe(true);
    for (const session of [ann, bob]) session.close();
  });

  it('enter, list and leave rooms of the game harvest', async () => {
    const room = await harvest.enter(examples.url);
    expect(room.view.options).toEqual({ map: 'hill' });
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, WAIT);
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

  it('draw the boat of a player in each frame while the player holds a key', async () => {
    let drawn = 0;
    let frames: NodeJS.Timeout | undefined;
    const nothing = () => {};
    const listeners = new Map<string, (event: { key: string }) => void>();
    const canvas = { clearRect: nothing, save: nothing, restore: nothing, translate: nothing, rotate: nothing, canvas: {} };
    Object.assign(globalThis, {
      addEventListener: (name: string, listener: (event: { key: string }) => void) => listeners.set(name, listener),
      requestAnimationFrame: (frame: () => void) => {
        frames = setTimeout(frame, 10);
      },
    });
    const session = await sail(examples.url, { ...canvas, fillRect: () => ++drawn } as unknown as CanvasRenderingContext2D);
    listeners.get('keydown')?.({ key: 'ArrowUp' });
    await until(() => drawn > 2, 10_000);
    clearTimeout(frames);
    session.close();
  });

  describe('for rooms', () => {
    let ann: Session;
    let bob: Session;
    beforeEach(async () => {
      [ann, bob] = [await connect(examples.url, { name: 'Ann' }), await connect(examples.url, { name: 'Bob' })];
    });
    afterEach(() => {
      for (const session of [ann, bob]) session.close();
    });

    it('list a room of a host, join the room and start its game', async () => {
      const hosted = rooms.host(ann);
      const shown: RoomSummary[] = [];
      const list = await rooms.showOpenRooms(bob, (open) => shown.push(...open));
      await until(() => shown.some(({ name }) => name === 'On the hill'), 10_000);
      list.close();
      const joined = await rooms.join(bob, ann.room!.id);
      expect((await hosted).id).toBe(joined.id);
      expect((await rooms.allRooms(bob)).map(({ id }) => id)).toContain(joined.id);
    });

    it('let only invited players join, and let the host ban a member', async () => {
      const room = await rooms.accept(bob, await rooms.invite(ann));
      expect((await rooms.allRooms(bob)).map(({ id }) => id)).not.toContain(room.id);
      const left = new Promise((resolve) => room.on('left', resolve));
      await rooms.expel(ann, bob.user);
      expect(await left).toBe('banned');
      expect(ann.room?.view.locked).toBe(true);
    });

    it('open a game that spectators watch', async () => {
      const { id, view } = await rooms.openGame(ann);
      expect(view.name).toBe("Ann's room");
      expect((await rooms.watch(bob, id)).seat).toBeNull();
    });

    it('show the chat of a room, and mute a member', async () => {
      await ann.createRoom({ game: 'harvest' });
      await bob.joinRoom(ann.room!.id);
      const mine = chats.showRoomChat(ann, (line) => lines.push(line));
      const theirs = chats.showRoomChat(bob, () => {});
      expect(await chats.say(theirs, 'hello')).toBe('');
      await until(() => lines.includes('Bob: hello'), 5_000);
      expect(await chats.say(theirs, 'https://example.org')).toBe('Links are not allowed here.');
      expect(await chats.say(theirs, 'call 12345')).toBe('Sent as: call *****');
      await chats.mute(ann, bob.user);
      expect(await chats.say(theirs, 'hello?')).toBe('You may not write in this chat.');
      await chats.mute(ann, bob.user, false);
      expect(await chats.say(theirs, 'thanks')).toBe('');
      expect(await chats.say(theirs, 'thanks')).toBe('');
      expect(await chats.say(theirs, 'again')).toMatch(/^Wait \d+ s\.$/);
      mine.close();
    });

    it('show the chat of the lobby of a game', async () => {
      const chat = chats.showLobbyChat(ann, (line) => lines.push(line));
      await chats.showLobbyChat(bob, () => {}).send('anybody here?');
      await until(() => lines.includes('Bob: anybody here?'), 5_000);
      chat.close();
    });
  });

  it('log in with the game version for which a web page was written', async () => {
    stored.clear();
    const session = await enterOldPage(examples.url, 'Ann', (text) => lines.push(text));
    expect([session.name, lines]).toEqual(['Ann', []]);
    session.close();
  });

  it('return to the room of a session after a reload', async () => {
    const gateways = [examples.url];
    const before = await sessions.enter(gateways, 'Ann');
    const room = await rooms.openGame(before);
    before.detach();
    const after = await sessions.enter(gateways, 'ignored');
    expect([after.name, sessions.roomToReturnTo<Harvest>(after)?.id]).toEqual(['Ann', room.id]);
    sessions.showConnection(after, (text) => lines.push(text));
    sessions.showGame(after.room!, (text) => lines.push(text));
    await after.room!.waitFor(({ state }) => state !== undefined, WAIT);
    await examples.fleet.kill(await examples.fleet.ownerOf(room));
    await until(() => lines.includes('One moment …') && lines.at(-1) === '', 20_000);
    after.close();
    expect(lines.at(-1)).toBe('Goodbye.');
    // This fleet has guests (AUTH=guest), who need no token.
    (await sessions.enterWithToken(gateways, 'a token')).close();
  });
});

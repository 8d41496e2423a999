import type { Room, RoomSummary, Session } from '#libs/client';
import { followRooms, type RoomListing, roomControls } from '#libs/client/lobby';
import { redisName } from '#libs/redis';
import { ADMIN_TOKEN, type Fleet, startFleet, until } from './harness/index.js';

interface Table {
  count: number;
  map: string;
  teams: (number | null)[];
  left: number[];
}
type TableRoom = Omit<Room, 'send'> & { send(name: string, data?: unknown): Promise<void> };

const WAIT = { timeoutMs: 5_000 };

describe('the rooms of a fleet with two gateways and two lobbies', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      lobbies: 2,
      games: 2,
      testGames: { turnMs: 60_000 },
      env: { MESSAGES_BURST: '1000', CONNECTIONS_PER_ADDRESS: '200' },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  const players = (count: number): Promise<Session[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => fleet.newPlayer(`Player ${index + 1}`)));
  const stateOf = (room: Pick<Room, 'state'>) => room.state as Table | undefined;
  const codeOf = (action: Promise<unknown>): Promise<string> =>
    action.then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
  const ids = (rooms: readonly RoomSummary[]): string[] => rooms.map(({ id }) => id);

  const table = async (host: Session, change: Partial<Parameters<Session['createRoom']>[0]> = {}): Promise<TableRoom> =>
    (await host.createRoom({ game: 'table', ...change })) as unknown as TableRoom;
  const join = async (player: Session, room: Parameters<Session['joinRoom']>[0]): Promise<TableRoom> =>
    (await player.joinRoom(room)) as unknown as TableRoom;

  describe('in the list', () => {
    it('show their options', async () => {
      const [ada, bob] = await players(2);
      await expect(ada.createRoom({ game: 'table', options: { map: 'sea', size: 3 } })).rejects.toMatchObject({
        code: 'bad-data',
        message: 'The options of the room are refused: size: there is no such option',
      });
      const room = await table(ada, { options: { map: 'land' } });
      expect((await bob.rooms({ game: 'table' })).find(({ id }) => id === room.id)).toMatchObject({ options: { map: 'land' } });
      const info = (await bob.games()).find(({ name }) => name === 'table');
      expect(info?.options).toMatchObject({ type: 'object', properties: { map: { enum: ['sea', 'land'], default: 'sea' } } });
    });

    it('are filtered and sorted on pages that contain each room once', async () => {
      const hosts = await players(6);
      const minutes = [5, 30, 1, 60, 5, 10];
      const rooms = await Promise.all(hosts.map((host, index) => table(host, { name: 'Paged', options: { minutes: minutes[index] } })));
      const [viewer] = await players(1);
      const filter = { name: 'Paged', 'options.minutes': { min: 5 }, free: { min: 3 } };
      const query = { game: 'table', filter, sort: { by: 'options.minutes', order: 'descending' as const }, limit: 2 };
      const found: RoomSummary[] = [];
      await until(async () => (await viewer.rooms({ ...query, limit: 10 })).length === 5);
      for (let cursor: string | undefined; ; ) {
        const page = await viewer.roomsPage({ ...query, ...(cursor && { cursor }) });
        found.push(...page.rooms);
        if (!page.next) break;
        cursor = page.next;
      }
      expect(found.map(({ options }) => options?.minutes)).toEqual([60, 30, 10, 5, 5]);
      expect(new Set(ids(found)).size).toBe(5);
      expect(ids(found)).not.toContain(rooms[2].id);
    });

    it.each([
      [{ filter: { colour: 'red' } }, 'colour'],
      [{ filter: { players: { least: 1 } } }, 'players'],
      [{ filter: { status: { any: [] } } }, 'status'],
      [{ sort: { by: 'size' } }, 'sort.by'],
      [{ cursor: 'x', sort: { by: 'free' } }, 'cursor'],
    ])('cannot be queried by %j, and the refusal names the field', async (query, field) => {
      const [ada] = await players(1);
      await expect(ada.roomsPage(query as never)).rejects.toMatchObject({ code: 'bad-data', message: expect.stringContaining(field) });
    });

    it('show the metadata of the game even after the loss of the game server', async () => {
      const [ada, bob] = await players(2);
      const room = await table(ada);
      await room.start();
      await room.waitFor(() => stateOf(room) !== undefined, WAIT);
      await room.send('level', { level: 7 });
      const filter = { 'metadata.level': { min: 7 } };
      await until(async () => ids(await bob.rooms({ game: 'table', filter })).includes(room.id));
      const owner = await fleet.ownerOf(room);
      // Deletes the metadata from the store. The next owner must write the metadata again.
      await fleet.store.client.hdel(redisName(`room:{${room.id}}`), 'metadata');
      owner.kill();
      await owner.exited;
      await until(async () => ids(await bob.rooms({ game: 'table', filter })).includes(room.id), 15_000);
      await fleet.restart(owner);
      await room.send('finish');
      await room.waitFor(({ status }) => status === 'ended', WAIT);
      await until(async () => !ids(await bob.rooms({ game: 'table', filter })).includes(room.id));
    }, 40_000);

    it('are kept current at both gateways, even after a lost connection', async () => {
      const [ada, ...viewers] = await players(3);
      const query = { game: 'table', filter: { name: 'Followed' } };
      const lists = await Promise.all(viewers.map((viewer) => followRooms(viewer, query)));
      const seen = (list: RoomListing) => list.rooms.map(({ players: count, status }) => `${status} ${count}`);
      const room = await table(ada, { name: 'Followed' });
      await until(() => lists.every((list) => ids(list.rooms).join() === room.id));
      const [bob] = await players(1);
      await join(bob, room.id);
      await until(() => lists.every((list) => seen(list).join() === 'waiting 2'));
      await fleet.restart(fleet.gateways[0]);
      await fleet.whole();
      await roomControls(ada).update({ name: 'Followed', private: true });
      await until(() => lists.every((list) => list.rooms.length === 0), 15_000);
      for (const list of lists) list.close();
    }, 40_000);
  });

  describe('that are private', () => {
    it('are found by their code, even after the store loses the code', async () => {
      const [ada, bob, cyd, dan] = await players(4);
      const room = await table(ada, { private: true });
      const { code } = room.view;
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
      const joined = await join(bob, { code: `${code!.slice(0, 4)}-${code!.slice(4).toLowerCase()}` });
      expect(joined.view).toMatchObject({ id: room.id, code });
      await fleet.store.client.del(redisName(`invite:${code}`));
      await until(async () => (await codeOf(join(cyd, { code: code! }))) === 'done', 10_000);
      const watching = await dan.watchRoom({ code: code! });
      expect(watching.view).not.toHaveProperty('code');
    });

    it('admit only users with the code, the password or the permission to watch', async () => {
      const [ada, bob] = await players(2);
      const room = await table(ada, { inviteOnly: true, password: 'sesame', watch: 'members' });
      const { code } = room.view;
      expect(room.view).toMatchObject({ inviteOnly: true, password: true, watch: 'members' });
      expect(JSON.stringify(await fleet.store.client.hgetall(redisName(`room:{${room.id}}`)))).not.toContain('sesame');
      expect(await codeOf(join(bob, room.id))).toBe('invite-needed');
      expect(await codeOf(bob.watchRoom(room.id))).toBe('no-spectators');
      expect(await codeOf(join(bob, { code: code! }))).toBe('password-needed');
      expect(await codeOf(join(bob, { code: code!, password: 'open' }))).toBe('wrong-password');
      expect(await codeOf(join(bob, { code: 'AAAAAAAA' }))).toBe('invite-unknown');
      expect((await bob.me()).room).toBeNull();
      expect(await codeOf(join(bob, { code: code!, password: 'sesame' }))).toBe('done');
      await roomControls(ada).update({ password: null, inviteOnly: false, watch: 'anyone' });
      for (const field of ['password', 'inviteOnly', 'watch']) expect(room.view).not.toHaveProperty(field);
    });

    it('allow an address only a limited number of wrong invite codes', async () => {
      const [ada] = await players(1);
      const codes: string[] = [];
      await until(async () => {
        codes.push(await codeOf(join(ada, { code: 'ZZZZZZZZ' })));
        return codes.at(-1) === 'too-many-attempts';
      });
      expect(codes.length).toBeLessThanOrEqual(30);
      await expect(join(ada, { code: 'ZZZZZZZZ' })).rejects.toMatchObject({ retry: true, retryAfterMs: expect.any(Number) });
      const room = await table(ada);
      expect(room.view.members).toHaveLength(1);
    });
  });

  describe('with a host', () => {
    it('refuse a user whom the host has banned', async () => {
      const [ada, bob, cyd] = await players(3);
      const room = await table(ada);
      const joined = await join(bob, room.id);
      const left = new Promise((resolve) => joined.on('left', resolve));
      await roomControls(ada).kick(bob.user);
      expect(await left).toBe('kicked');
      expect((await bob.me()).room).toBeNull();
      const again = await join(bob, room.id);
      const banned = new Promise((resolve) => again.on('left', resolve));
      await roomControls(ada).kick(bob.user, { ban: true });
      expect(await banned).toBe('banned');
      expect(await codeOf(join(bob, room.id))).toBe('banned');
      const spectator = await cyd.watchRoom(room.id);
      const gone = new Promise((resolve) => spectator.on('left', resolve));
      await roomControls(ada).update({ watch: 'nobody' });
      expect(await gone).toBe('no-spectators');
      await roomControls(ada).unban(bob.user);
      expect(await codeOf(join(bob, room.id))).toBe('done');
      expect(await codeOf(roomControls(bob).kick(ada.user))).toBe('not-owner');
      await roomControls(ada).handOver(bob.user);
      await until(() => bob.room?.view.owner === bob.user);
    });

    it('free the seat of a player who is away when the host removes the player during a game', async () => {
      const [ada, bob] = await players(2);
      const room = await table(ada);
      const joined = await join(bob, room.id);
      await joined.ready();
      await room.start();
      await room.waitFor(({ status }) => status === 'playing', WAIT);
      const { user } = bob;
      bob.detach();
      await until(() => room.view.members.some((member) => member.user === user && !member.here));
      await roomControls(ada).kick(user);
      expect(room.view.members.map(({ name }) => name)).toEqual(['Player 1']);
      await room.waitFor(() => stateOf(room)?.left.join() === '1', WAIT);
      expect(room.status).toBe('playing');
    });

    it('start a game without a member who is away and not ready', async () => {
      const [ada, bob, cyd] = await players(3);
      const room = await table(ada);
      await join(bob, room.id);
      const joined = await join(cyd, room.id);
      await joined.ready();
      bob.detach();
      await until(() => room.view.members.some(({ here }) => !here));
      expect(await codeOf(room.start())).toBe('not-ready');
      await until(async () => (await codeOf(room.start())) === 'done', 10_000);
      expect(room.view.members.map(({ name }) => name)).toEqual(['Player 1', 'Player 3']);
    }, 20_000);

    it('refuse new members until the host removes the lock', async () => {
      const [ada, bob] = await players(2);
      const room = await table(ada, { locked: true });
      expect(await codeOf(join(bob, room.id))).toBe('room-locked');
      await roomControls(ada).update({ locked: false });
      expect(await codeOf(join(bob, room.id))).toBe('done');
    });
  });

  it('with teams pass the teams to each game', async () => {
    const [ada, bob, cyd] = await players(3);
    const room = await table(ada, { teams: { count: 2, size: 2 } });
    const others = await Promise.all([join(bob, room.id), join(cyd, room.id)]);
    const teams = () => Object.fromEntries(room.view.members.map(({ user, team }) => [user, team]));
    await until(() => room.view.members.length === 3);
    expect(Object.values(teams()).sort()).toEqual([0, 0, 1]);
    await roomControls(ada).joinTeam(1);
    await roomControls(ada).balanceTeams();
    for (const other of others) await other.ready();
    await room.start();
    await room.waitFor(() => stateOf(room) !== undefined, WAIT);
    const inGame = stateOf(room)!.teams;
    expect(inGame).toEqual(room.view.members.map(({ team }) => team));
    expect([...inGame].sort()).not.toEqual([1, 1, 1]);
    await room.send('finish');
    await room.waitFor(({ status }) => status === 'ended', WAIT);
    expect(room.result?.result).toEqual({ ranking: [[0, 1], [2]], scores: [1, 1, 1] });
    const rounds: string[] = [];
    room.on('placed', () => void rounds.push('placed'));
    for (const one of [others[0], others[1]]) await one.rematch();
    expect(room.status).toBe('ended');
    await room.rematch();
    await room.waitFor(({ status }) => status === 'playing', WAIT);
  });

  it('that a match has created allow a second game with the same players', async () => {
    const pair = await players(2);
    const rooms = (await Promise.all(pair.map((player) => player.quickMatch('fleeting')))) as unknown as TableRoom[];
    expect(rooms[0].id).toBe(rooms[1].id);
    await Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'playing', WAIT)));
    await fetch(`${fleet.gateways[0].opsUrl}/api/rooms/${rooms[0].id}/end`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    await Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'ended', WAIT)));
    const next = rooms.map((room) => new Promise((resolve) => room.on('placed', resolve)));
    await Promise.all(rooms.map((room) => room.rematch()));
    await Promise.all(next);
    expect(rooms[0].view.members.map(({ user }) => user).sort()).toEqual(pair.map(({ user }) => user).sort());
    await Promise.all(rooms.map((room) => room.leave()));
  });

  describe('with a delay for spectators', () => {
    const DELAY_MS = 1_500;

    /**
     * Returns `count`, which sends the command `count` for a player, and a list of the states and events that the spectator received
     * earlier than `DELAY_MS` after the change.
     */
    function follow(room: TableRoom, watching: TableRoom) {
      const madeAt: number[] = [];
      const seen: number[] = [];
      const early: string[] = [];
      const check = (count: number, what: string): void => {
        if (performance.now() - (madeAt[count] ?? Number.POSITIVE_INFINITY) < DELAY_MS) early.push(`${what} ${count}`);
      };
      watching.on('change', (state) => {
        const { count } = state as Table;
        if (seen.at(-1) !== count) seen.push(count);
        if (count > 0) check(count, 'state');
      });
      watching.on('event', ({ data }) => check((data as { count: number }).count, 'event'));
      const count = async (): Promise<void> => {
        madeAt.length ||= 1;
        madeAt.push(performance.now());
        await room.send('count');
      };
      return { seen, early, count };
    }

    it.each(['compact', 'json', 'tcp'] as const)(
      'show spectators each state and event after the delay, over %s',
      async (encoding) => {
        const [ada] = await players(1);
        const eve = await fleet.newPlayer('Eve', { encoding });
        const room = await table(ada, { watchDelayMs: DELAY_MS });
        await room.start();
        await room.waitFor(() => stateOf(room) !== undefined, WAIT);
        const watching = (await eve.watchRoom(room.id)) as unknown as TableRoom;
        expect(watching.view.watchDelayMs).toBe(DELAY_MS);
        const { seen, early, count } = follow(room, watching);
        const ended = new Promise<number>((resolve) => watching.on('end', () => resolve(performance.now())));
        await until(() => seen.includes(0));
        for (let counted = 0; counted < 5; counted++) await count();
        const finishedAt = performance.now();
        await room.send('finish');
        await room.waitFor(({ status }) => status === 'ended', WAIT);
        expect(watching.view.lastResult).toBeUndefined();
        expect((await ended) - finishedAt).toBeGreaterThanOrEqual(DELAY_MS);
        expect(seen.at(-1)).toBe(5);
        expect(early).toEqual([]);
        expect(watching.result?.result).toEqual({ ranking: [[0]], scores: [1] });
        await until(() => watching.view.status === 'waiting', 10_000);
      },
      20_000,
    );

    it('show spectators the end of the game after the delay, even when the owner is killed', async () => {
      const [ada, eve] = await players(2);
      const room = await table(ada, { watchDelayMs: DELAY_MS });
      await room.start();
      await room.waitFor(() => stateOf(room) !== undefined, WAIT);
      const watching = (await eve.watchRoom(room.id)) as unknown as TableRoom;
      const { seen, early, count } = follow(room, watching);
      await until(() => seen.includes(0));
      const owner = await fleet.ownerOf(room);
      const ended = new Promise<number>((resolve) => watching.on('end', () => resolve(performance.now())));
      await count();
      const finishedAt = performance.now();
      await room.send('finish');
      await room.waitFor(({ status }) => status === 'ended', WAIT);
      owner.kill();
      await owner.exited;
      expect((await ended) - finishedAt).toBeGreaterThanOrEqual(DELAY_MS);
      expect(early).toEqual([]);
      expect(stateOf(watching)?.count).toBe(1);
      await fleet.restart(owner);
    }, 40_000);

    it('show spectators no state before the delay is over, even when the owner is killed', async () => {
      const [ada, eve] = await players(2);
      const room = await table(ada, { watchDelayMs: DELAY_MS });
      await room.start();
      await room.waitFor(() => stateOf(room) !== undefined, WAIT);
      const watching = (await eve.watchRoom(room.id)) as unknown as TableRoom;
      const { seen, early, count } = follow(room, watching);
      await count();
      await until(() => seen.includes(1), 10_000);
      expect(await codeOf(watching.send('count'))).toBe('spectator');
      await count();
      const owner = await fleet.ownerOf(room);
      owner.kill();
      await owner.exited;
      await count();
      await until(() => seen.includes(3), 15_000);
      expect(early).toEqual([]);
      await fleet.restart(owner);
    }, 40_000);
  });
});

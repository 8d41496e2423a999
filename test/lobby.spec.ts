import type { Chess } from '#games/chess';
import type { TicTacToe, TicTacToeResult } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client';
import { type Fleet, RawPlayer, startFleet, until } from './harness/index.js';

describe('a fleet with two lobbies', () => {
  const IDLE_MS = 4_000;
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 3, env: { ROOM_IDLE_MS: String(IDLE_MS), MESSAGES_BURST: '1000' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  const players = (count: number): Promise<Session[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => fleet.newPlayer(`Player ${index + 1}`)));

  it('lists the available games', async () => {
    const [ada] = await players(1);
    expect(await ada.games()).toEqual([
      { name: 'arena', seats: { min: 1, max: 16 }, joinable: true },
      {
        name: 'chess',
        seats: { min: 2, max: 2 },
        options: expect.objectContaining({ type: 'object', properties: { fen: expect.anything() } }),
      },
      { name: 'tic-tac-toe', seats: { min: 2, max: 2 } },
    ]);
  });

  it('creates a room with the options that its game accepts', async () => {
    const [ada, bob] = await players(2);
    const fen = '8/8/8/8/8/6k1/1r6/6K1 b - - 0 50';
    for (const [game, options, flaw] of [
      ['chess', { fen: '8/8/8/8/8/8/8/8 w - - 0 1' }, 'The options of the room are refused: fen: the position is not valid'],
      ['chess', { fen: 'bqnrkrnb/pppppppp/8/8/8/8/PPPPPPPP/BQNRKRNB w DFdf - 0 1' }, 'the position is of Chess960'],
      ['chess', { fen: 'x'.repeat(1_100) }, 'must have at most 1024 bytes'],
      ['tic-tac-toe', { fen }, "The game 'tic-tac-toe' takes no options."],
    ] as const) {
      await expect(ada.createRoom({ game, options })).rejects.toMatchObject({ code: 'bad-data', message: expect.stringContaining(flaw) });
    }
    const room = await ada.createRoom<Chess>({ game: 'chess', private: true, options: { fen } });
    const joined = await bob.joinRoom<Chess>(room.id);
    expect(joined.view.options).toEqual({ fen });
    await joined.ready();
    await room.start({ waitMs: 5_000 });
    await joined.waitFor(({ state }) => state?.fen === fen, { timeoutMs: 5_000 });
    await joined.send('move', { san: 'Rb1#' });
    await room.waitFor(({ status }) => status === 'ended', { timeoutMs: 5_000 });
    expect(room.result?.result).toEqual({ result: '0-1', by: 'checkmate', winner: 1 });
    await Promise.all([room.leave(), joined.leave()]);
  });

  it('lists a public room to players of another gateway, but no private room', async () => {
    const [ada, bob, cy] = await players(3);
    const open = await ada.createRoom({ game: 'tic-tac-toe', name: 'Open to all' });
    const hidden = await cy.createRoom({ game: 'tic-tac-toe', private: true });
    const listed = await bob.rooms({ game: 'tic-tac-toe' });
    expect(listed).toContainEqual({ id: open.id, game: 'tic-tac-toe', name: 'Open to all', status: 'waiting', players: 1, seats: 2 });
    expect(listed.map(({ id }) => id)).not.toContain(hidden.id);
    expect((await bob.rooms({ game: 'chess' })).map(({ id }) => id)).not.toContain(open.id);
  });

  it('gives the last seat to exactly one of two players who join at the same time', async () => {
    const [owner, ...others] = await players(5);
    const pairs = others.flatMap((one, index) => others.slice(index + 1).map((other) => [one, other]));
    for (let race = 0; race < 20; race++) {
      const room = await owner.createRoom({ game: 'tic-tac-toe' });
      const contenders = pairs[race % pairs.length];
      const outcomes = await Promise.allSettled(contenders.map((player) => player.joinRoom(room.id)));
      const winners = contenders.filter((_, index) => outcomes[index].status === 'fulfilled');
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      expect([winners.length, refusals]).toEqual([1, ['room-full']]);
      await room.waitFor(({ view }) => view.members.length === 2, { timeoutMs: 5_000 });
      expect(room.view.members.map(({ user }) => user)).toEqual([owner.user, winners[0].user]);
      await Promise.all([winners[0].room?.leave(), room.leave()]);
    }
  });

  it('makes another member the host when the host leaves', async () => {
    const [ada, bob] = await players(2);
    const room = await ada.createRoom({ game: 'tic-tac-toe' });
    const joined = await bob.joinRoom(room.id);
    expect(joined.view.owner).toBe(ada.user);
    await room.leave();
    await joined.waitFor(({ view }) => view.owner === bob.user && view.members.length === 1, { timeoutMs: 5_000 });
  });

  it('moves a player to the new room when `rooms.leave` and `rooms.join` arrive together', async () => {
    const [host] = await players(1);
    const other = await host.createRoom({ game: 'chess' });
    const [ada, bob] = await players(2);
    const waiting = await ada.createRoom({ game: 'tic-tac-toe' });
    await Promise.all([waiting.leave(), ada.joinRoom(other.id)]);
    expect((await ada.me()).room?.id).toBe(other.id);
    await Promise.all([other.leave(), bob.quickMatch('chess'), ada.room?.leave(), ada.quickMatch('chess')]);
    expect(ada.room?.id).toBe(bob.room?.id);

    const { players: pair, rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
    const [, made] = await Promise.all([rooms[0].leave(), pair[0].createRoom({ game: 'tic-tac-toe' })]);
    expect((await pair[0].me()).room?.id).toBe(made.id);
  });

  it('gives a player only one seat when `rooms.leave` and `rooms.join` of one room arrive together', async () => {
    const [ada, bob] = await players(2);
    const room = await ada.createRoom({ game: 'tic-tac-toe' });
    const first = await bob.joinRoom(room.id);
    const [, again] = await Promise.all([first.leave(), bob.joinRoom(room.id)]);
    await again.ready();
    const starts = await Promise.allSettled([room.start(), room.start()]);
    expect(starts.map((start) => (start.status === 'rejected' ? start.reason.code : 'started')).sort()).toEqual([
      'room-playing',
      'started',
    ]);
    await room.waitFor(({ state }) => state !== undefined, { timeoutMs: 5_000 });
    expect(room.players).toEqual([
      { seat: 0, name: 'Player 1' },
      { seat: 1, name: 'Player 2' },
    ]);
  });

  it('closes a room that all members have left', async () => {
    const [ada, bob] = await players(2);
    const room = await ada.createRoom({ game: 'tic-tac-toe' });
    await room.leave();
    expect((await bob.rooms()).map(({ id }) => id)).not.toContain(room.id);
    await expect(bob.joinRoom(room.id)).rejects.toMatchObject({ code: 'room-unknown' });
    expect((await ada.me()).room).toBeNull();
  });

  it('closes a room in which no game starts for some time', async () => {
    const [ada, bob] = await players(2);
    const room = await ada.createRoom({ game: 'tic-tac-toe' });
    const reasons: (string | undefined)[] = [];
    room.on('left', (reason) => reasons.push(reason));
    await until(() => room.status === 'left', IDLE_MS + 5_000);
    expect(reasons).toEqual(['room-expired']);
    await expect(bob.joinRoom(room.id)).rejects.toMatchObject({ code: 'room-unknown' });
    // The room has expired, so the player can create another one.
    await (await ada.createRoom({ game: 'chess' })).leave();
  });

  it('informs members of each arrival, change of readiness and departure in their room', async () => {
    const [ada, bob] = await players(2);
    const room = await ada.createRoom({ game: 'chess' });
    const joined = await bob.joinRoom(room.id);
    await room.waitFor(({ view }) => view.members.some(({ user }) => user === bob.user), { timeoutMs: 5_000 });
    await joined.ready();
    await room.waitFor(({ view }) => view.members.find(({ user }) => user === bob.user)?.ready === true, { timeoutMs: 5_000 });
    await joined.ready(false);
    await room.waitFor(({ view }) => view.members.find(({ user }) => user === bob.user)?.ready === false, { timeoutMs: 5_000 });
    await joined.leave();
    await room.waitFor(({ view }) => view.members.length === 1, { timeoutMs: 5_000 });
  });

  it('refuses each invalid request with a code, and changes nothing', async () => {
    const [ada, bob, cy] = await players(3);
    const refused = (act: Promise<unknown>, code: string) => expect(act).rejects.toMatchObject({ code });
    await refused(ada.createRoom({ game: 'no-such-game' }), 'unknown-game');
    await refused(ada.createRoom({ game: 'chess', seats: 7 }), 'bad-data');
    await refused(ada.joinRoom('no-such-room'), 'room-unknown');
    const room = await ada.createRoom({ game: 'chess' });
    await refused(room.start(), 'too-few-players');
    await refused(ada.createRoom({ game: 'chess' }), 'already-in-room');
    const joined = await bob.joinRoom(room.id);
    await refused(room.start(), 'not-ready');
    await joined.ready();
    await refused(joined.start(), 'not-owner');
    await room.start();
    await refused(cy.joinRoom(room.id), 'room-playing');
    await refused(room.start(), 'room-playing');
    await joined.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
    await room.leave();
    await refused(room.ready(), 'not-in-room');
  });

  it('keeps the members in their room after a game', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    expect(await playToTheEnd(rooms)).toEqual([0, 0]);
    for (const room of rooms) await room.waitFor(({ view }) => view.status === 'waiting' && !!view.lastResult, { timeoutMs: 5_000 });
    const [owner, other] = rooms;
    expect(owner.view.lastResult).toMatchObject({ reason: 'finished', result: { winner: 0 } });
    // Members must declare themselves ready again for the next game.
    await expect(owner.start()).rejects.toMatchObject({ code: 'not-ready' });
    await other.ready();
    await owner.start();
    for (const room of rooms) await room.waitFor(({ status, state }) => status === 'playing' && state?.moves === 0, { timeoutMs: 5_000 });
    expect(await playToTheEnd(rooms)).toEqual([0, 0]);
  });

  it('matches ten concurrent players into five games', async () => {
    const searchers = await players(10);
    const rooms = await Promise.all(searchers.map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
    await Promise.all(rooms.map((room) => room.waitFor(({ status, state }) => status === 'playing' && !!state, { timeoutMs: 10_000 })));
    const seats = new Map<string, number[]>();
    for (const room of rooms) seats.set(room.id, [...(seats.get(room.id) ?? []), room.seat as number].sort());
    expect([...seats.values()]).toEqual(Array.from({ length: 5 }, () => [0, 1]));
  });

  it('never matches two searches of one player with each other', async () => {
    const ada = await RawPlayer.welcomed(fleet.gateways[0], 'Ada');
    let id = 0;
    for (let times = 0; times < 10; times++) {
      for (const operation of ['match.find', 'match.find', 'match.cancel', 'match.find'])
        ada.say({ kind: 'request', id: ++id, operation, ...(operation === 'match.find' && { data: { game: 'chess' } }) });
    }
    await ada.hears('response', (response) => response.id === id);
    await until(() => ada.heard.filter(({ kind }) => kind === 'response').length === id);
    expect((await ada.asks(++id, 'me')).data).toMatchObject({ room: null, searching: 'chess' });
    expect(ada.heard.filter(({ kind }) => kind === 'room')).toEqual([]);
    const [bob] = await players(1);
    const room = await bob.quickMatch('chess');
    expect(room.view.members.map(({ name }) => name).sort()).toEqual(['Ada', 'Player 1']);
    ada.close();
    await room.leave();
  });

  it('leaves a player who aborts a search either in the room of the match or in no room', async () => {
    const [ada, bob] = await players(2);
    const outcomes = new Set<string>();
    for (let round = 0; round < 30; round++) {
      const abort = new AbortController();
      const search = ada.quickMatch('tic-tac-toe', { signal: abort.signal });
      await until(async () => (await ada.me()).searching !== null);
      const stop = new AbortController();
      // In the first of every ten rounds, the abort comes before the partner's search. In the tenth, it comes after the match. In the
      // rounds between them, it comes 0.5 to 4 ms after the beginning of the partner's search.
      if (round % 10 === 0) abort.abort(new Error('enough'));
      const partner = bob.quickMatch('tic-tac-toe', { signal: stop.signal });
      if (round % 10 === 9) await partner;
      else await new Promise((resolve) => setTimeout(resolve, (round % 10) / 2));
      abort.abort(new Error('enough'));
      const outcome = await search.catch((error: Error) => error);
      outcomes.add(outcome instanceof Error ? outcome.message : 'in the room');
      const { room, searching } = await ada.me();
      expect([searching, room?.id]).toEqual([null, outcome instanceof Error ? undefined : outcome.id]);
      if (outcome instanceof Error) {
        stop.abort(new Error('enough'));
        await expect(partner).rejects.toThrow('enough');
      } else expect((await partner).id).toBe(outcome.id);
      await Promise.all([ada.room?.leave(), bob.room?.leave()]);
    }
    expect([...outcomes].sort()).toEqual(['enough', 'in the room']);
  }, 60_000);

  it('shows all members the same status of the room after the host aborts a start', async () => {
    const [ada, bob] = await players(2);
    const outcomes = new Set<string>();
    for (let round = 0; round < 30; round++) {
      const room = await ada.createRoom({ game: 'tic-tac-toe' });
      const partner = await bob.joinRoom(room.id);
      await partner.ready();
      await room.waitFor(({ view }) => view.members.every(({ user, ready }) => ready || user === ada.user), { timeoutMs: 5_000 });
      const abort = new AbortController();
      const start = room.start({ signal: abort.signal });
      if (round % 10 === 9) await start;
      else await new Promise((resolve) => setTimeout(resolve, round % 10));
      abort.abort(new Error('enough'));
      const outcome = await start.then(
        () => 'playing',
        (error: Error) => error.message,
      );
      outcomes.add(outcome);
      const expected = outcome === 'playing' ? 'playing' : 'waiting';
      await Promise.all([room, partner].map((each) => each.waitFor(({ status }) => status === expected, { timeoutMs: 5_000 })));
      expect((await bob.me()).room?.status).toBe(expected);
      await Promise.all([room.leave(), partner.leave()]);
    }
    expect(outcomes).toContain('playing');
  }, 60_000);

  it('keeps a player in the next game when a late message names an earlier room', async () => {
    const [ada, bob] = await players(2);
    const match = (): Promise<Room<TicTacToe>[]> => Promise.all([ada, bob].map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
    const [left] = await match();
    await Promise.all([ada, bob].map((player) => player.room?.leave()));
    const rooms = await match();
    await Promise.all(rooms.map((room) => room.waitFor(({ status, state }) => status === 'playing' && !!state, { timeoutMs: 5_000 })));
    const late = { kind: 'bind', user: ada.user, session: ada.id, room: left.id, role: 'player', rev: left.view.rev };
    for (const { id } of fleet.gateways)
      expect(await fleet.redis.client.publish(fleet.redisName(`sessions:${id}`), JSON.stringify(late))).toBe(1);
    expect(await playToTheEnd(rooms)).toEqual([0, 0]);
  });

  it('ends the subscription to the Redis channel of a closed room', async () => {
    const subscribed = (): Promise<unknown> => fleet.redis.client.pubsub('CHANNELS', fleet.redisName('room:*'));
    const [ada, bob, cy] = await players(3);
    const seen = new Set<string>();
    for (let times = 0; times < 5; times++) {
      const rooms = await Promise.all([ada, bob].map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
      const watched = await cy.watchRoom(rooms[0].id);
      const channel = fleet.redisName(`room:{${rooms[0].id}}`);
      seen.add(channel);
      expect(await subscribed()).toContain(channel);
      await playToTheEnd(rooms);
      await Promise.all([...rooms, watched].map((room) => room.leave()));
    }
    expect(seen.size).toBe(5);
    await until(async () => ((await subscribed()) as string[]).every((channel) => !seen.has(channel)));
  });

  it('matches no player with a player who has cancelled the search', async () => {
    const [ada, bob] = await players(2);
    const giveUp = new AbortController();
    const search = ada.quickMatch('chess', { signal: giveUp.signal });
    await until(async () => (await ada.me()).searching === 'chess');
    giveUp.abort(new Error('no longer'));
    await expect(search).rejects.toThrow('no longer');
    await until(async () => (await ada.me()).searching === null);
    const found = bob.quickMatch('chess');
    const [cy] = await players(1);
    const [room] = await Promise.all([found, cy.quickMatch('chess')]);
    expect(room.view.members.map(({ user }) => user).sort()).toEqual([bob.user, cy.user].sort());
  });
});

/** Plays until seat 0 has the top row. Returns, for each player, the winner in the result that this player received. */
async function playToTheEnd(rooms: readonly Room<TicTacToe>[]): Promise<unknown[]> {
  // A player in the room of a match has no seat until the owner of the room has assigned one.
  await Promise.all(rooms.map((room) => room.waitFor(({ seat, state }) => seat !== null && state !== undefined, { timeoutMs: 5_000 })));
  const bySeat = [...rooms].sort((a, b) => (a.seat as number) - (b.seat as number));
  for (const [turn, cell] of [0, 3, 1, 4, 2].entries()) {
    const room = bySeat[turn % 2];
    await room.waitFor(({ state }) => state?.moves === turn, { timeoutMs: 5_000 });
    await room.send('place', { cell });
  }
  await Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'ended', { timeoutMs: 5_000 })));
  return rooms.map(({ result }) => (result?.result as TicTacToeResult | undefined)?.winner);
}

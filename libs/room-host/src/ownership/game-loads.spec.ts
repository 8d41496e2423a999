import { randomUUID } from 'node:crypto';
import { refuse } from '#libs/game-kit';
import type { RoomId, UserId } from '#libs/protocol';
import type { GameStart, RoomRules } from '#libs/room';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

interface Cards {
  decks: unknown;
  seen: unknown[];
}

type Load = (start: GameStart) => unknown;

function cards(load: Load, durability: 'every-change' | 'checkpoint' = 'every-change', timeoutMs = 5_000): RoomRules<never> {
  const rules = rulesOf<Cards>('cards', ({ loaded }) => ({ decks: loaded, seen: [] }), {
    definition: { durability, hasLoad: true },
    load: { run: load, timeoutMs, attempts: 3 },
    commands: new Map([
      [
        'look',
        {
          validate: (value) => ({ ok: true, value }),
          run: ({ state, loaded }) => void state.seen.push(JSON.parse(JSON.stringify(loaded))),
        },
      ],
    ]),
  });
  return rules as unknown as RoomRules<never>;
}

const all: Hosts[] = [];
async function newHosts(rules: RoomRules<never>): Promise<Hosts> {
  const hosts = new Hosts(rules);
  all.push(hosts);
  await hosts.ready();
  return hosts;
}
afterAll(async () => {
  for (const hosts of all) await hosts.close();
});

const PLAYERS = [
  { user: 'u0' as UserId, name: 'Ada', claims: { rank: 3 } },
  { user: 'u1' as UserId, name: 'Bob' },
];

/** Makes the record of a room whose game is starting, as a lobby does, and returns the request to open it. */
async function starting(hosts: Hosts, start = 's') {
  const id = `loads-${randomUUID()}` as RoomId;
  const members = PLAYERS.map(({ user, name }) => ({ user, name, readyRound: null, here: true }));
  await hosts.records.create(
    id,
    'cards',
    roomDoc({ host: 'u0' as UserId, seats: 2, seatsMin: 2, members, players: members.map(({ user }) => user) }),
  );
  await hosts.records.save(await hosts.record(id), { status: 'starting', start });
  return { room: id, game: 'cards', start, round: 0, players: PLAYERS };
}

const stateOf = (room: HostedRoom): Cards => room.value.state as Cards;

async function lose(hosts: Hosts, owner: Host, room: HostedRoom): Promise<HostedRoom> {
  const tenure = await hosts.tenure(room.id);
  owner.stop();
  const next = hosts.add('next');
  await next.auditor.audit('test');
  expect(await next.loader.adopt([tenure])).toMatchObject([{ result: 'adopted' }]);
  return next.rooms.get(room.id) as HostedRoom;
}

describe("the load of a game's data", () => {
  it.each(['every-change', 'checkpoint'] as const)('does not run again in a recovery (durability: %s)', async (durability) => {
    const starts: GameStart[] = [];
    const load: Load = async (start) => {
      starts.push(start);
      return { decks: [start.seats.map(({ name }) => name)] };
    };
    const hosts = await newHosts(cards(load, durability));
    const host = hosts.add('one');
    const request = await starting(hosts);
    await host.loader.open(request);
    const room = host.rooms.get(request.room) as HostedRoom;
    expect(starts).toMatchObject([{ roomId: request.room, game: 'cards', key: 's', options: undefined, seats: PLAYERS }]);
    const loaded = { decks: [['Ada', 'Bob']] };
    expect(stateOf(room).decks).toEqual(loaded);
    await host.does(room, 0, 'look');
    const next = await lose(hosts, host, room);
    expect(next.value.loaded).toEqual(loaded);
    const [, owner] = [...hosts.all.values()];
    await owner!.does(next, 1, 'look');
    expect(stateOf(next).seen.at(-1)).toEqual(loaded);
    expect(starts).toHaveLength(1);
  });

  it('is attempted at most three times when the handler throws', async () => {
    let runs = 0;
    const hosts = await newHosts(
      cards(() => {
        runs += 1;
        if (runs === 2) return { decks: 1 };
        throw new Error('the service is closed');
      }),
    );
    const host = hosts.add('one');
    const first = await starting(hosts);
    await host.loader.open(first);
    expect(runs).toBe(2);
    expect(stateOf(host.rooms.get(first.room) as HostedRoom).decks).toEqual({ decks: 1 });
    const second = await starting(hosts);
    await expect(host.loader.open(second)).rejects.toMatchObject({ code: 'load-failed' });
    expect(runs).toBe(5);
    expect(await hosts.record(second.room)).toMatchObject({ status: 'starting', owner: null });
  });

  it('is not repeated when the handler refuses the start with a code of the game', async () => {
    let runs = 0;
    const hosts = await newHosts(
      cards(async () => {
        runs += 1;
        throw refuse('no-deck', 'Bob has no deck.');
      }),
    );
    const request = await starting(hosts);
    await expect(hosts.add('one').loader.open(request)).rejects.toMatchObject({
      code: 'no-deck',
      message: 'Bob has no deck.',
      retry: false,
    });
    expect(runs).toBe(1);
  });

  it('fails after its time limit, and aborts the signal of the handler', async () => {
    const signals: AbortSignal[] = [];
    const hosts = await newHosts(
      cards(
        ({ signal }) => {
          signals.push(signal);
          return new Promise(() => {});
        },
        'every-change',
        100,
      ),
    );
    await expect(hosts.add('one').loader.open(await starting(hosts))).rejects.toMatchObject({ code: 'load-failed', retry: true });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('is followed by no game when the start is cancelled during the load', async () => {
    let settle: (value: unknown) => void = () => {};
    const hosts = await newHosts(cards(() => new Promise((resolve) => (settle = resolve))));
    const host = hosts.add('one');
    const request = await starting(hosts);
    const opening = host.loader.open(request);
    opening.catch(() => {});
    await until(() => host.loader.isLoading(request.room));
    await hosts.records.save(await hosts.record(request.room), { status: 'waiting', start: 'none' });
    settle({});
    await expect(opening).rejects.toMatchObject({ code: 'room-unknown' });
    expect(host.rooms.get(request.room)).toBeUndefined();
  });

  it('is repeated under an unchanged key by another server when its server dies', async () => {
    const keys: string[] = [];
    const hosts = await newHosts(
      cards(({ key }) => {
        keys.push(key);
        return keys.length === 1 ? new Promise(() => {}) : { decks: 2 };
      }),
    );
    const request = await starting(hosts);
    const first = hosts.add('first');
    first.loader.open(request).catch(() => {});
    await until(() => keys.length === 1);
    first.stop();
    const second = hosts.add('second');
    await second.loader.open(request);
    expect(stateOf(second.rooms.get(request.room) as HostedRoom).decks).toEqual({ decks: 2 });
    expect(keys).toEqual(['s', 's']);
  });

  it('makes the start fail when its result cannot be stored', async () => {
    const hosts = await newHosts(cards(() => ({ since: new Date(0) })));
    await expect(hosts.add('one').loader.open(await starting(hosts))).rejects.toMatchObject({ code: 'load-failed' });
  });
});

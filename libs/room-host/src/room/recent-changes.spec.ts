import type { RoomId } from '#libs/protocol';
import type { GameRoom, RoomRules } from '#libs/room';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import { EVENT_TAIL_BYTES_MAX, RECENT_CHANGES_MAX } from '../room-host.options.js';

interface Sayings {
  said: number;
}

const rules = rulesOf<Sayings>(
  'sayings',
  (room) => {
    room.emit('begun');
    return { said: 0 };
  },
  {
    commands: new Map(
      Object.entries({
        say: (room: GameRoom<Sayings>, name: unknown) => {
          room.state.said += 1;
          room.emit(name as string);
        },
        whisper: (room: GameRoom<Sayings>, name: unknown) => {
          room.state.said += 1;
          room.emit(name as string, null, [1 - room.seat]);
        },
        boast: (room: GameRoom<Sayings>, bytes: unknown) => {
          room.state.said += 1;
          room.emit('boast', 'x'.repeat(bytes as number));
        },
        think: (room: GameRoom<Sayings>) => {
          room.state.said += 1;
        },
        end: (room: GameRoom<Sayings>) => {
          room.emit('last', null, [room.seat]);
          room.end();
        },
      }).map(([name, run]) => [name, { validate: (value: unknown) => ({ ok: true as const, value }), run }]),
    ),
    migrateState: (state) => state as Sayings,
  },
);

let hosts: Hosts;
let first: Host;
let second: Host;
beforeEach(async () => {
  hosts = new Hosts(rules as unknown as RoomRules<never>);
  await hosts.ready();
  first = hosts.add('first', { checkpointEveryChanges: 4 });
  second = hosts.add('second');
  await Promise.all([first.auditor.audit('test'), second.auditor.audit('test')]);
});
afterEach(() => hosts.close());

/** Attaches both players to the room on `second`, with clients that have `version`. */
async function comeBackTo(room: RoomId, version: number) {
  const there = second.rooms.get(room);
  if (!there) throw new Error('not there');
  return [0, 1].map((seat) => second.attach(there, seat, seat + 1, version));
}

async function sayAndWhisper() {
  const room = await hosts.open(first);
  await first.does(room, 0, 'say', 'one');
  await first.does(room, 0, 'whisper', 'two');
  await first.does(room, 1, 'think');
  await first.does(room, 1, 'say', 'four');
  return room;
}

describe('changes that are too large for one sync', () => {
  let host: Host;
  beforeEach(async () => {
    host = hosts.add('terse', { syncBytesMax: 1_000 });
    await host.auditor.audit('test');
  });

  it('are sent as a whole state with `missed`, because their events are not sent', async () => {
    const room = await hosts.open(host);
    const [ada, bob] = [0, 1].map((seat) => host.attach(room, seat, seat + 1, 0));
    await host.does(room, 0, 'boast', 2_000);
    for (const { syncs } of [ada, bob]) expect(syncs.at(-1)).toMatchObject({ version: 1, state: { said: 1 }, missed: true });
    await host.does(room, 1, 'say', 'two');
    for (const peer of [ada, bob]) expect(peer.receivedEvents).toEqual(['2 two']);
  });

  it('are sent to a returning player as one state when only their total size is too large', async () => {
    const room = await hosts.open(host);
    const ada = host.attach(room, 0, 1, 0);
    for (let count = 0; count < 3; count++) await host.does(room, 0, 'boast', 500);
    const bob = host.attach(room, 1, 2, 0);
    expect(bob.syncs).toMatchObject([{ version: 3, state: { said: 3 }, missed: true }]);
    expect(ada.receivedEvents).toEqual(['1 boast', '2 boast', '3 boast']);
    expect(ada.hasMissed).toBe(false);
  });
});

describe('a player who returns to a game receives each missing event once and in order', () => {
  it('after a migration', async () => {
    const room = await sayAndWhisper();
    expect(await first.migrator.migrate(room.id)).toBe(second.self.id);
    const [ada, bob] = await comeBackTo(room.id, 1);
    expect(ada.receivedEvents).toEqual(['4 four']);
    expect(bob.receivedEvents).toEqual(['2 two', '4 four']);
    const moved = second.rooms.get(room.id);
    if (moved) await second.does(moved, 0, 'say', 'five');
    expect(bob.receivedEvents).toEqual(['2 two', '4 four', '5 five']);
    expect(ada.hasMissed || bob.hasMissed).toBe(false);
  });

  it('after an adoption, although a checkpoint has shortened the log', async () => {
    const room = await sayAndWhisper();
    await first.does(room, 0, 'say', 'five');
    await until(async () => (await hosts.redis.commands.llen(`hf:room:{${room.id}}:log`)) < 5);
    first.stop();
    expect(await second.loader.adopt([await hosts.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
    const [ada, bob] = await comeBackTo(room.id, 0);
    expect(ada.receivedEvents).toEqual(['1 one', '4 four', '5 five']);
    expect(bob.receivedEvents).toEqual(['1 one', '2 two', '4 four', '5 five']);
    expect(ada.hasMissed || bob.hasMissed).toBe(false);
  });

  it('after the store was emptied and the owner restored the room', async () => {
    const room = await sayAndWhisper();
    await hosts.redis.commands.del(...['', ':log', ':checkpoint'].map((part) => `hf:room:{${room.id}}${part}`));
    await first.auditor.audit('test');
    first.stop();
    expect(await second.loader.adopt([await hosts.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
    const [, bob] = await comeBackTo(room.id, 0);
    expect(bob.receivedEvents).toEqual(['1 one', '2 two', '4 four']);
    expect(bob.hasMissed).toBe(false);
  });

  it('from a server with a newer version of the game', async () => {
    const room = await sayAndWhisper();
    first.stop();
    Object.assign(rules, { definition: { ...rules.definition, version: 2 } });
    try {
      expect(await second.loader.adopt([await hosts.tenure(room.id)])).toMatchObject([{ result: 'adopted' }]);
      const [ada] = await comeBackTo(room.id, 0);
      expect(ada.receivedEvents).toEqual(['1 one', '4 four']);
      expect(ada.hasMissed).toBe(false);
    } finally {
      Object.assign(rules, { definition: { ...rules.definition, version: 1 } });
    }
  });

  it('from the setup on at the first attachment, but receives no old event after a reload of the page', async () => {
    const room = await hosts.open(first);
    first.attach(room, 1, 9, null);
    await first.does(room, 0, 'say', 'one');
    await first.migrator.migrate(room.id);
    const moved = second.rooms.get(room.id);
    if (!moved) throw new Error('not there');
    expect(second.attach(moved, 0, 1, null).receivedEvents).toEqual(['0 begun', '1 one']);
    expect(second.attach(moved, 1, 2, null).receivedEvents).toEqual([]);
  });

  it('with the epilogue when the game has ended', async () => {
    const room = await sayAndWhisper();
    await first.does(room, 1, 'end');
    expect(await first.endedStore.epilogue(room.id)).toMatchObject({
      since: -1,
      version: 5,
      events: [
        { version: 0, name: 'begun' },
        { version: 1, name: 'one' },
        { version: 2, name: 'two', to: [1] },
        { version: 4, name: 'four' },
        { version: 5, name: 'last', to: [1] },
      ],
    });
  });
});

describe('the events that a room keeps for players who return', () => {
  it('belong to a limited number of changes, and a player who missed an older event receives `missed`', async () => {
    const room = await hosts.open(first);
    for (let count = 1; count <= RECENT_CHANGES_MAX + 2; count++) await first.does(room, 0, 'say', `e${count}`);
    await first.migrator.migrate(room.id);
    const [, one] = await comeBackTo(room.id, 1);
    expect(one.hasMissed).toBe(true);
    const [, two] = await comeBackTo(room.id, 2);
    expect(two.hasMissed).toBe(false);
    expect(two.receivedEvents).toHaveLength(RECENT_CHANGES_MAX);
  }, 20_000);

  it('have a limited number of bytes in a checkpoint', async () => {
    const room = await hosts.open(first);
    for (let count = 0; count < 8; count++) await first.does(room, 0, 'boast', EVENT_TAIL_BYTES_MAX / 4);
    expect(room.checkpoint().length).toBeLessThan(EVENT_TAIL_BYTES_MAX + 1_000);
    await first.migrator.migrate(room.id);
    const [late] = await comeBackTo(room.id, 1);
    expect(late.hasMissed).toBe(true);
    const [soon] = await comeBackTo(room.id, 7);
    expect(soon.receivedEvents).toEqual(['8 boast']);
    expect(soon.hasMissed).toBe(false);
  });
});

import type { RoomRules } from '#libs/room';
import { COUNTING, type Host, Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

const HOUR = 3_600_000;

/** One timer an hour away, and all that the game was told of pauses. */
const told: number[] = [];
const waiting: RoomRules<never> = {
  ...COUNTING,
  setup: (room) => {
    room.schedule('turn', HOUR);
    return { count: 0 } as never;
  },
  timers: new Map([['turn', () => {}]]),
  paused: (_, ms) => void told.push(ms),
};

let hosts: Hosts;
let first: Host;
let second: Host;
let third: Host;
beforeEach(async () => {
  told.length = 0;
  hosts = new Hosts(waiting);
  await hosts.ready();
  [first, second, third] = ['first', 'second', 'third'].map((name) => hosts.add(name));
  await Promise.all([first, second, third].map((host) => host.auditor.audit('test')));
});
afterEach(() => hosts.close());

/** As if it had given its last heartbeat so long ago. */
async function silentFor(host: Host, ms: number): Promise<void> {
  const { id: server, incarnation } = host.self;
  await hosts.life.renew({ server, incarnation }, host.storeClock.now() - ms);
  const key = `hf:alive:${server}:${incarnation}`;
  await hosts.redis.commands.pexpire(key, (await hosts.redis.commands.pttl(key)) - ms);
}

describe('a room that had no owner', () => {
  it('has its timers later by that time when it is taken up, and its game is told once', async () => {
    const { id, value } = await hosts.open(first);
    first.stop();
    await silentFor(first, 5_000);
    expect(await second.loader.adopt([await hosts.tenure(id)])).toMatchObject([{ result: 'adopted' }]);
    const room = second.rooms.get(id);
    if (!room) throw new Error('not there');
    await second.appender.whenSettled(room);
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThanOrEqual(5_000);
    expect(told[0]).toBeLessThan(15_000);
    expect(room.durable.timers.turn).toBe(value.timers.turn + told[0]);

    // That time is made up for: the next loss counts its own only.
    second.stop();
    await silentFor(second, 2_000);
    await third.loader.adopt([await hosts.tenure(id)]);
    expect(told).toHaveLength(2);
    expect(told[1]).toBeLessThan(5_000);
  });

  it('has all of it when the one who took it up died before it could say so', async () => {
    const { id } = await hosts.open(first);
    first.stop();
    await silentFor(first, 5_000);
    second.appender.markDirty = () => {};
    await second.loader.adopt([await hosts.tenure(id)]);
    second.stop();
    await silentFor(second, 1_000);
    await third.loader.adopt([await hosts.tenure(id)]);
    // Two readings of two clocks, each whole milliseconds.
    expect(told[1]).toBeGreaterThan(told[0] + 900);
  });

  it('counts from its last change where that is later than the last heartbeat', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    first.stop();
    await silentFor(first, HOUR);
    await second.loader.adopt([await hosts.tenure(room.id)]);
    expect(told[0] ?? 0).toBeLessThan(10_000);
  });
});

it('a room that is moved by plan, or whose owner nothing is known of, is taken as it is', async () => {
  const { id, value } = await hosts.open(first);
  await silentFor(first, 5_000);
  await first.migrator.migrate(id, second.self.id);
  expect(second.rooms.get(id)?.value).toMatchObject({ version: value.version, timers: value.timers });
  second.stop();
  await third.loader.adopt([await hosts.tenure(id)]);
  expect(third.rooms.get(id)?.value).toMatchObject({ version: value.version, timers: value.timers });
  expect(told).toEqual([]);
});

describe('a room whose next owner has another clock', () => {
  /** How long its timer has still to go, in ms. */
  const left = ({ value, time }: HostedRoom): number => value.timers.turn - time.now();
  const BEHIND = -HOUR;

  it.each([
    ['an hour ahead', HOUR],
    ['an hour behind', BEHIND],
  ])('has as long to go when it is moved to one whose clock is %s, and its time does not go back', async (_, aheadMs) => {
    second.clockAheadMs = aheadMs;
    const room = await hosts.open(first);
    const before = room.time.now();
    await first.migrator.migrate(room.id, second.self.id);
    const moved = second.rooms.get(room.id) as HostedRoom;
    expect(left(moved)).toBeGreaterThan(HOUR - 10_000);
    expect(left(moved)).toBeLessThanOrEqual(HOUR);
    expect(moved.time.now()).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ['an hour ahead', HOUR],
    ['an hour behind', BEHIND],
  ])('has as long to go when it is taken up by one whose clock is %s, and its time does not go back', async (_, aheadMs) => {
    second.clockAheadMs = aheadMs;
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    const before = room.time.now();
    first.stop();
    await silentFor(first, 2_000);
    await second.loader.adopt([await hosts.tenure(room.id)]);
    const adopted = second.rooms.get(room.id) as HostedRoom;
    expect(left(adopted)).toBeGreaterThan(HOUR - 10_000);
    expect(left(adopted)).toBeLessThanOrEqual(HOUR + 5_000);
    expect(adopted.time.now()).toBeGreaterThanOrEqual(before);
  });

  it('goes on from the time of its checkpoint where no change says more', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    const before = room.time.now();
    const { tenure } = room;
    expect(await first.roomLog.checkpoint(room.id, tenure, room.checkpoint(), room.durable.version, false)).toBe('ok');
    first.stop();
    // Nothing is known of its owner, and the clock of the next one is behind.
    second.clockAheadMs = BEHIND;
    await second.loader.adopt([await hosts.tenure(room.id)]);
    const adopted = second.rooms.get(room.id) as HostedRoom;
    expect(adopted.time.now()).toBeGreaterThanOrEqual(before);
    expect(left(adopted)).toBeGreaterThan(HOUR - 10_000);
  });
});

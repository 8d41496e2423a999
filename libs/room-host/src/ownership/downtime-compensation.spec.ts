import type { RoomRules } from '#libs/room';
import { COUNTING } from '../../../../tools/fixtures/room-rules.fixture.js';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

const HOUR = 3_600_000;

/** A game that records all pauses, and has one timer that is due in an hour. */
const pauses: number[] = [];
const waiting: RoomRules<never> = {
  ...COUNTING,
  setup: (room) => {
    room.schedule('turn', HOUR);
    return { count: 0 } as never;
  },
  timers: new Map([['turn', () => {}]]),
  paused: (_, ms) => void pauses.push(ms),
};

let hosts: Hosts;
let first: Host;
let second: Host;
let third: Host;
beforeEach(async () => {
  pauses.length = 0;
  hosts = new Hosts(waiting);
  await hosts.ready();
  [first, second, third] = ['first', 'second', 'third'].map((name) => hosts.add(name));
  await Promise.all([first, second, third].map((host) => host.auditor.audit('test')));
});
afterEach(() => hosts.close());

/** Sets the age of the server's last heartbeat to `ms`. */
async function silentFor(host: Host, ms: number): Promise<void> {
  const { id: server, incarnation } = host.self;
  await hosts.heartbeats.renew({ server, incarnation }, host.storeClock.now() - ms);
  const key = `hf:alive:${server}:${incarnation}`;
  await hosts.redis.commands.pexpire(key, (await hosts.redis.commands.pttl(key)) - ms);
}

describe('a room that had no owner', () => {
  it('moves its timers by the downtime at its adoption', async () => {
    const { id, value } = await hosts.open(first);
    first.stop();
    await silentFor(first, 5_000);
    expect(await second.loader.adopt([await hosts.tenure(id)])).toMatchObject([{ result: 'adopted' }]);
    const room = second.rooms.get(id);
    if (!room) throw new Error('not there');
    await second.appender.whenSettled(room);
    expect(pauses).toHaveLength(1);
    expect(pauses[0]).toBeGreaterThanOrEqual(5_000);
    expect(pauses[0]).toBeLessThan(15_000);
    expect(room.durable.timers.turn).toBe(value.timers.turn + pauses[0]);

    // The second server has passed the first downtime to the game. So the third server passes only the second downtime.
    second.stop();
    await silentFor(second, 2_000);
    await third.loader.adopt([await hosts.tenure(id)]);
    expect(pauses).toHaveLength(2);
    expect(pauses[1]).toBeLessThan(5_000);
  });

  it('moves its timers by both downtimes when the first adopter dies before its first write', async () => {
    const { id } = await hosts.open(first);
    first.stop();
    await silentFor(first, 5_000);
    second.appender.markDirty = () => {};
    await second.loader.adopt([await hosts.tenure(id)]);
    second.stop();
    await silentFor(second, 1_000);
    await third.loader.adopt([await hosts.tenure(id)]);
    // The second downtime is 1 s; 100 ms allow for the rounding of two clocks.
    expect(pauses[1]).toBeGreaterThan(pauses[0] + 900);
  });

  it('counts its downtime from the last change when the change is newer than the last heartbeat', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    first.stop();
    await silentFor(first, HOUR);
    await second.loader.adopt([await hosts.tenure(room.id)]);
    expect(pauses[0] ?? 0).toBeLessThan(10_000);
  });
});

describe('the next owner of a room', () => {
  it('moves no timer after a migration, or when the last owner has no heartbeat', async () => {
    const { id, value } = await hosts.open(first);
    await silentFor(first, 5_000);
    await first.migrator.migrate(id, second.self.id);
    expect(second.rooms.get(id)?.value).toMatchObject({ version: value.version, timers: value.timers });
    second.stop();
    await third.loader.adopt([await hosts.tenure(id)]);
    expect(third.rooms.get(id)?.value).toMatchObject({ version: value.version, timers: value.timers });
    expect(pauses).toEqual([]);
  });
});

describe('a room whose next owner has a different clock', () => {
  /** The time until the timer of a room is due, in ms. */
  const left = ({ value, time }: HostedRoom): number => value.timers.turn - time.now();
  const BEHIND = -HOUR;

  it.each([
    ['an hour ahead', HOUR],
    ['an hour behind', BEHIND],
  ])('keeps the remaining time of its timers after a migration to a server whose clock is %s', async (_, aheadMs) => {
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
  ])('keeps the remaining time of its timers after an adoption by a server whose clock is %s', async (_, aheadMs) => {
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

  it('continues from the room time of its checkpoint when no later change exists', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'add');
    const before = room.time.now();
    const { tenure } = room;
    expect(await first.roomLog.checkpoint(room.id, tenure, room.checkpoint(), room.durable.version, false)).toBe('ok');
    first.stop();
    // The lost owner left no heartbeat, and the clock of the next owner is behind. So only the checkpoint shows the room time.
    second.clockAheadMs = BEHIND;
    await second.loader.adopt([await hosts.tenure(room.id)]);
    const adopted = second.rooms.get(room.id) as HostedRoom;
    expect(adopted.time.now()).toBeGreaterThanOrEqual(before);
    expect(left(adopted)).toBeGreaterThan(HOUR - 10_000);
  });
});

import type { LinkPeer } from '#libs/link';
import type { RoomRules } from '#libs/room';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

const rules = rulesOf('still', () => ({}));

let hosts: Hosts;
let first: Host;
let second: Host;
beforeEach(async () => {
  hosts = new Hosts(rules as unknown as RoomRules<never>);
  await hosts.ready();
  first = hosts.add('first');
  // A player without a connection is away after 1 s. The owner then reads the record once.
  second = hosts.add('second', { awayAfterMs: 1_000 });
  await Promise.all([first.auditor.audit('test'), second.auditor.audit('test')]);
});
afterEach(() => hosts.close());

const presences = (room: HostedRoom | undefined) => room?.value.seats.map(({ presence }) => presence);

async function played() {
  const room = await hosts.open(first);
  const peers = [0, 1].map((seat) => first.attach(room, seat, seat + 1, null));
  const leave = async (seat: number) => {
    await hosts.leave(room.id, `u${seat}`);
    first.attachments.detach(peers[seat] as unknown as LinkPeer, { handle: seat + 1, gone: 'left' });
  };
  return { room, leave };
}

describe('a player who leaves', () => {
  it('is marked as left immediately when the room does not migrate', async () => {
    const { room, leave } = await played();
    await leave(1);
    expect(presences(room)).toEqual(['here', 'left']);
  });

  it('is marked as left on the next server when the player leaves during the migration', async () => {
    const { room, leave } = await played();
    first.roomLog.beforeHandoff = () => leave(1);
    await first.migrator.migrate(room.id);
    expect(presences(second.rooms.get(room.id))).toEqual(['here', 'left']);
  });

  it('is marked as left when the player leaves during a migration that fails', async () => {
    const { room, leave } = await played();
    first.roomLog.beforeHandoff = async () => {
      await leave(1);
      throw new Error('no way there');
    };
    await expect(first.migrator.migrate(room.id)).rejects.toThrow('no way there');
    await until(() => presences(room)?.[1] === 'left');
    expect(presences(room)?.[0]).toBe('here');
  });

  it('is marked as left on the next server when no message reports the departure', async () => {
    const { room, leave } = await played();
    await first.migrator.migrate(room.id);
    const moved = second.rooms.get(room.id) as HostedRoom;
    second.attach(moved, 0, 1, null);
    await leave(1);
    await until(() => presences(moved)?.[1] === 'left');
    expect(presences(moved)?.[0]).toBe('here');
  });

  it('is marked as left on the next server, while a player who is away stays marked as away', async () => {
    const { room } = await played();
    await first.migrator.migrate(room.id);
    const moved = second.rooms.get(room.id) as HostedRoom;
    await hosts.leave(room.id, 'u1');
    await until(() => presences(moved)?.[1] === 'left');
    expect(presences(moved)?.[0]).toBe('away');
  });

  it('causes the next server to end the game when all other players have also left before the adoption', async () => {
    const { room } = await played();
    const tenure = await hosts.tenure(room.id);
    first.stop();
    await hosts.leave(room.id, 'u0');
    await hosts.leave(room.id, 'u1');
    await second.loader.adopt([tenure]);
    await until(async () => (await hosts.record(room.id)).status === 'waiting');
    expect((await hosts.record(room.id)).result).toEqual({ reason: 'abandoned' });
  });
});

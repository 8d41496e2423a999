import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

const validate = (value: unknown) => ({ ok: true as const, value });
const rules = rulesOf<{ count: number }>('rewinding', () => ({ count: 0 }), {
  commands: new Map([
    [
      'add',
      {
        validate,
        run: (room) => {
          room.state.count += 1;
          room.emit('added', { count: room.state.count });
        },
      },
    ],
    ['save', { validate, run: (room) => room.effect('save') }],
  ]),
});

const hosts = new Hosts({ ...rules, definition: { ...rules.definition, durability: 'checkpoint', checkpointMs: 3_600_000 } } as never);
beforeAll(() => hosts.ready());
afterAll(() => hosts.close());

/** Plays a game with 3 changes, a checkpoint, and 2 more changes, which are lost with their server. Then another server adopts the room. */
async function rewound(): Promise<{ before: HostedRoom; next: Host; room: HostedRoom; from: number; to: number }> {
  const saved = new Map([['save', () => {}]]);
  const first = hosts.add('first', {}, saved);
  const before = await hosts.open(first);
  await first.does(before, 0, 'add');
  await first.does(before, 0, 'add');
  // The effect makes the owner write a checkpoint without a delay.
  await first.does(before, 0, 'save');
  await until(() => isStored(before));
  const to = Number(await versionOf(before));
  await first.does(before, 0, 'add');
  await first.does(before, 0, 'add');
  const tenure = await hosts.tenure(before.id);
  first.stop();
  const next = hosts.add('next', {}, saved);
  await next.auditor.audit('test');
  await next.loader.adopt([tenure]);
  const room = next.rooms.get(before.id) as HostedRoom;
  // The new owner runs the effect again. The completion of the effect is the first change of the new history.
  await until(() => room.durable.outbox.length === 0);
  expect(room.durable.version).toBe(to + 1);
  return { before, next, room, from: before.durable.version, to };
}

function isStored(room: HostedRoom): boolean {
  return !room.hasUnstoredEffects && room.durable.outbox.length === 0;
}

async function versionOf({ id }: HostedRoom): Promise<string | null> {
  return hosts.redis.commands.hget(`hf:room:{${id}}`, 'version');
}

describe('a player of a game that was rewound', () => {
  it('receives `rewound` with both versions and a snapshot', async () => {
    const { before, next, room, from, to } = await rewound();
    expect(from).toBeGreaterThan(to);
    const player = next.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs).toEqual([{ room: room.id, version: to + 1, state: { count: 2 } }]);
  });

  it('receives after `rewound` only the events of the new history', async () => {
    const { before, next, room, from, to } = await rewound();
    while (room.durable.version <= from) await next.does(room, 1, 'add');
    const player = next.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs[0]).toMatchObject({ version: room.durable.version, state: room.durable.state });
    expect(player.receivedEvents).toEqual(Array.from({ length: room.durable.version - to - 1 }, (_, at) => `${to + 2 + at} added`));
    expect(player.hasMissed).toBe(false);
  });

  it('receives no `rewound` when the version of the client was not lost', async () => {
    const { before, next, room, to } = await rewound();
    await next.does(room, 1, 'add');
    const { version } = room.durable;
    expect(next.attach(room, 0, 1, version, room.tenure.epoch).placed[0].rewound).toBeUndefined();
    expect(next.attach(room, 0, 2, to, before.tenure.epoch).placed[0].rewound).toBeUndefined();
    expect(next.attach(room, 0, 3, null).placed[0].rewound).toBeUndefined();
  });

  it('receives `rewound` when the client sends a lost version without an epoch', async () => {
    const { next, room, from, to } = await rewound();
    const player = next.attach(room, 0, 1, from);
    expect(player.placed[0].rewound).toEqual({ from, to });
  });
});

describe('a player who was away while a game lost two owners in succession', () => {
  /** The second owner makes more changes than the first owner and writes a checkpoint. Then the second owner is lost, too. */
  async function lostTwice() {
    const { before, next, room, from, to } = await rewound();
    while (room.durable.version <= from) await next.does(room, 1, 'add');
    await next.does(room, 1, 'save');
    await until(() => isStored(room));
    const savedAt = Number(await versionOf(room));
    expect(savedAt).toBeGreaterThan(from);
    await next.does(room, 1, 'add');
    const tenure = await hosts.tenure(room.id);
    next.stop();
    const last = hosts.add('last', {}, new Map([['save', () => {}]]));
    await last.auditor.audit('test');
    await last.loader.adopt([tenure]);
    return { before, between: room, last, room: last.rooms.get(room.id) as HostedRoom, from, to, savedAt };
  }

  it('receives `rewound` to the version that the first owner stored', async () => {
    const { before, last, room, from, to } = await lostTwice();
    const player = last.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs[0]).toMatchObject({ version: room.durable.version, state: room.durable.state });
    expect(player.syncs[0].from).toBeUndefined();
  });

  it('receives `rewound` to the version that the second owner stored, if the client has a later version of that owner', async () => {
    const { between, last, room, savedAt } = await lostTwice();
    const from = between.durable.version;
    const player = last.attach(room, 0, 1, from, between.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to: savedAt });
    expect(last.attach(room, 0, 2, savedAt, between.tenure.epoch).placed[0].rewound).toBeUndefined();
  });

  it('receives `rewound` after the owner has restored the record in an empty store', async () => {
    const { before, last, room, from, to } = await lostTwice();
    await hosts.redis.commands.del(`hf:room:{${room.id}}`);
    expect(await last.auditor.reassert(room)).toBe('ok');
    const tenure = await hosts.tenure(room.id);
    last.stop();
    const again = hosts.add('again', {}, new Map([['save', () => {}]]));
    await again.auditor.audit('test');
    await again.loader.adopt([tenure]);
    const adopted = again.rooms.get(room.id) as HostedRoom;
    expect(again.attach(adopted, 0, 1, from, before.tenure.epoch).placed[0].rewound).toEqual({ from, to });
  });
});

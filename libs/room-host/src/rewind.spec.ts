import type { HostedRoom } from './hosted-room.js';
import { type Host, Hosts, rulesOf } from './hosts.fixture.js';

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

/** A game of 3 changes, saved with the last, and 2 more that are lost with its server. */
async function rewound(): Promise<{ before: HostedRoom; next: Host; room: HostedRoom; from: number; to: number }> {
  const saved = new Map([['save', () => {}]]);
  const first = hosts.add('first', {}, saved);
  const before = await hosts.open(first);
  await first.does(before, 0, 'add');
  await first.does(before, 0, 'add');
  // Its effect has a checkpoint written at once.
  await first.does(before, 0, 'save');
  while (before.hasUnstoredEffects || before.durable.outbox.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const to = Number(await versionOf(before));
  await first.does(before, 0, 'add');
  await first.does(before, 0, 'add');
  const tenure = await hosts.tenure(before.id);
  first.stop();
  const next = hosts.add('next', {}, saved);
  await next.auditor.audit('test');
  await next.intake.adopt([tenure]);
  const room = next.rooms.get(before.id) as HostedRoom;
  // The effect is run again, and that it is done is a change of the new history.
  while (room.durable.outbox.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(room.durable.version).toBe(to + 1);
  return { before, next, room, from: before.durable.version, to };
}

async function versionOf({ id }: HostedRoom): Promise<string | null> {
  return hosts.redis.commands.hget(`hf:room:{${id}}`, 'version');
}

describe('a player of a game that was wound back', () => {
  it('is told from and to which version, and gets the state whole', async () => {
    const { before, next, room, from, to } = await rewound();
    expect(from).toBeGreaterThan(to);
    const player = next.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs).toEqual([{ room: room.id, version: to + 1, state: { count: 2 } }]);
  });

  it('is told so, and gets no patches, when the new history is as long by then; hears only what happened in that', async () => {
    const { before, next, room, from, to } = await rewound();
    while (room.durable.version <= from) await next.does(room, 1, 'add');
    const player = next.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs[0]).toMatchObject({ version: room.durable.version, state: room.durable.state });
    expect(player.told).toEqual(Array.from({ length: room.durable.version - to - 1 }, (_, at) => `${to + 2 + at} added`));
    expect(player.hasMissed).toBe(false);
  });

  it('is not told so by a client that holds what was saved, nor again by one that holds the new history', async () => {
    const { before, next, room, to } = await rewound();
    await next.does(room, 1, 'add');
    const { version } = room.durable;
    expect(next.attach(room, 0, 1, version, room.tenure.epoch).placed[0].rewound).toBeUndefined();
    expect(next.attach(room, 0, 2, to, before.tenure.epoch).placed[0].rewound).toBeUndefined();
    expect(next.attach(room, 0, 3, null).placed[0].rewound).toBeUndefined();
  });

  it('is told so when its client does not say whose version it holds, where that can only be of another history', async () => {
    const { next, room, from, to } = await rewound();
    const player = next.attach(room, 0, 1, from);
    expect(player.placed[0].rewound).toEqual({ from, to });
  });
});

describe('a player who was away while a game lost two owners, one after the other', () => {
  /** The second owner plays on past what the first had told, has it saved, and is lost, too. */
  async function lostTwice() {
    const { before, next, room, from, to } = await rewound();
    while (room.durable.version <= from) await next.does(room, 1, 'add');
    await next.does(room, 1, 'save');
    while (room.hasUnstoredEffects || room.durable.outbox.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const savedAt = Number(await versionOf(room));
    expect(savedAt).toBeGreaterThan(from);
    await next.does(room, 1, 'add');
    const tenure = await hosts.tenure(room.id);
    next.stop();
    const last = hosts.add('last', {}, new Map([['save', () => {}]]));
    await last.auditor.audit('test');
    await last.intake.adopt([tenure]);
    return { before, between: room, last, room: last.rooms.get(room.id) as HostedRoom, from, to, savedAt };
  }

  it('is told that it goes on from the version that the first owner had saved, and gets the state whole', async () => {
    const { before, last, room, from, to } = await lostTwice();
    const player = last.attach(room, 0, 1, from, before.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to });
    expect(player.syncs[0]).toMatchObject({ version: room.durable.version, state: room.durable.state });
    expect(player.syncs[0].from).toBeUndefined();
  });

  it('is told the version that the second owner had saved, by a client that heard of the second', async () => {
    const { between, last, room, savedAt } = await lostTwice();
    const from = between.durable.version;
    const player = last.attach(room, 0, 1, from, between.tenure.epoch);
    expect(player.placed[0].rewound).toEqual({ from, to: savedAt });
    expect(last.attach(room, 0, 2, savedAt, between.tenure.epoch).placed[0].rewound).toBeUndefined();
  });

  it('is told so by an owner whose store has lost and got back the record', async () => {
    const { before, last, room, from, to } = await lostTwice();
    await hosts.redis.commands.del(`hf:room:{${room.id}}`);
    expect(await last.auditor.reassert(room)).toBe('ok');
    const tenure = await hosts.tenure(room.id);
    last.stop();
    const again = hosts.add('again', {}, new Map([['save', () => {}]]));
    await again.auditor.audit('test');
    await again.intake.adopt([tenure]);
    const adopted = again.rooms.get(room.id) as HostedRoom;
    expect(again.attach(adopted, 0, 1, from, before.tenure.epoch).placed[0].rewound).toEqual({ from, to });
  });
});

import type { Command } from '#libs/protocol';
import { type Case, expectEqual, expectThat } from '../case.js';
import type { ScriptConnection } from '../script-connection.js';
import { expectRefusal, expectResult, QUIET_MS, ROOM, type Table } from '../table.js';

const REFUSED = { code: 'not-your-turn', message: 'It is not your turn.', retry: false };
const BUSY = { code: 'busy', message: 'The server has too much to do right now.', retry: true };

export const COMMANDS: readonly Case[] = [
  {
    name: 'numbers its commands from the `seq` of `placed`, and says up to which number all are answered',
    async run(table) {
      const line = await table.playing({ n: 0 }, { seq: 4 });
      const first = table.client.act({ do: 'command', name: 'move', data: { to: [1, 'x', null] } });
      const one = await line.hears('command');
      expectEqual(parts(one), { seq: 5, settled: 4, name: 'move', data: { to: [1, 'x', null] } }, 'the first command');
      const second = table.client.act({ do: 'command', name: 'pass' });
      expectEqual(parts(await line.hears('command')), { seq: 6, settled: 4, name: 'pass' }, 'the second command');
      table.acknowledge(line, 0, 6);
      expectResult(await first, 'the first command');
      expectResult(await second, 'the second command');
      void table.client.act({ do: 'command', name: 'pass' });
      expectEqual(parts(await line.hears('command')), { seq: 7, settled: 6, name: 'pass' }, 'the third command');
    },
  },
  {
    name: 'reports a refused command with its code, and answers the others by the sync',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      line.send({ kind: 'rejected', seq: 1, ...REFUSED });
      expectRefusal(await first, 'not-your-turn', 'the first command');
      table.acknowledge(line, 0, 2);
      expectResult(await second, 'the second command');
    },
  },
  {
    name: 'sends unanswered commands again after a resume, in order and with their numbers',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      line.cut();
      const { line: next } = await table.resumed();
      table.place(next);
      await hearsBoth(next);
      table.acknowledge(next, 0, 2);
      expectResult(await first, 'the first command');
      expectResult(await second, 'the second command');
    },
  },
  {
    name: 'does not send a command again that was applied before the connection was lost',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      table.acknowledge(line, 0, 1);
      expectResult(await first, 'the first command');
      line.cut();
      const { line: next } = await table.resumed();
      table.place(next, { seq: 1 });
      const command = await next.hears('command');
      expectEqual([command.seq, command.settled], [2, 1], 'number and settled of the first command after the resume');
      table.acknowledge(next, 0, 2);
      expectResult(await second, 'the second command');
    },
  },
  {
    name: 'sends no command while the game is paused, and all unanswered ones after `resumed`',
    async run(table) {
      const line = await table.playing();
      const first = table.client.act({ do: 'command', name: 'one' });
      await line.hears('command');
      line.send({ kind: 'paused', room: ROOM, reason: 'server-lost' });
      expectEqual((await table.client.hears('paused')).reason, 'server-lost', 'the reason of the pause');
      const second = table.client.act({ do: 'command', name: 'two' });
      await line.messages.none('command', ({ kind }) => kind === 'command', QUIET_MS);
      line.send({ kind: 'resumed', room: ROOM, reason: 'owner' });
      await table.client.hears('resumed');
      await hearsBoth(line);
      table.acknowledge(line, 0, 2);
      expectResult(await first, 'the first command');
      expectResult(await second, 'the second command');
    },
  },
  {
    name: 'sends the commands after one that a gateway refused again, with a `settled` that includes it',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      line.send({ kind: 'rejected', seq: 1, ...BUSY });
      expectRefusal(await first, 'busy', 'the first command');
      const again = await line.hears('command');
      expectEqual([again.seq, again.settled], [2, 1], 'number and settled of the repeated command');
      table.acknowledge(line, 0, 2);
      expectResult(await second, 'the second command');
    },
  },
  {
    name: 'keeps a command that a gateway refused after it was sent again, because the room may have applied it',
    async run(table) {
      const line = await table.playing();
      const answered = table.client.act({ do: 'command', name: 'one' });
      await line.hears('command');
      line.send({ kind: 'paused', room: ROOM, reason: 'server-silent' });
      line.send({ kind: 'resumed', room: ROOM, reason: 'owner' });
      await line.hears('command', ({ seq }) => seq === 1);
      line.send({ kind: 'rejected', seq: 1, ...BUSY });
      table.acknowledge(line, 0, 1);
      expectResult(await answered, 'the command');
    },
  },
  {
    name: 'pings when a command has no answer for some seconds, and then sends it again',
    async run(table) {
      const line = await table.playing();
      const answered = table.client.act({ do: 'command', name: 'one' });
      await line.hears('command');
      await line.pings.take('a ping', () => true, 6_000);
      await line.hears('command', ({ seq }) => seq === 1);
      table.acknowledge(line, 0, 1);
      expectResult(await answered, 'the command');
    },
  },
  {
    name: 'forgets unanswered commands when the game has ended, and numbers those of the next game anew',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      table.place(line, { round: 1, epoch: 2, seq: 0 });
      expectRefusal(await first, 'game-ended', 'the first command');
      expectRefusal(await second, 'game-ended', 'the second command');
      table.whole(line, 0, { n: 'next' });
      await line.messages.none('command of the old game', ({ kind }) => kind === 'command', QUIET_MS);
      void table.client.act({ do: 'command', name: 'three' });
      const command = await line.hears('command');
      expectEqual([command.seq, command.settled, command.name], [1, 0, 'three'], 'the first command of the next game');
    },
  },
  {
    name: 'refuses a command of a spectator, and sends nothing',
    async run(table) {
      const line = await table.playing({ n: 0 }, { seat: null });
      expectRefusal(await table.client.act({ do: 'command', name: 'one' }), 'spectator', 'the command');
      await line.messages.none('command', ({ kind }) => kind === 'command', QUIET_MS);
    },
  },
  {
    name: 'has at most 64 unanswered commands',
    async run(table) {
      const line = await table.playing();
      const answers = Array.from({ length: 65 }, () => table.client.act({ do: 'command', name: 'move' }));
      expectRefusal(await answers[64]!, 'busy', 'command 65');
      await line.hears('command', ({ seq }) => seq === 64);
      table.acknowledge(line, 0, 64);
      expectResult(await answers[63]!, 'command 64');
    },
  },
];

export const REWINDS: readonly Case[] = [
  {
    name: 'reports a rewind once, and emits the events after it again',
    async run(table) {
      const line = await table.playing({ n: 0 });
      table.whole(line, 5, { n: 5 }, 0, { events: [{ version: 5, name: 'undone' }] });
      await table.client.hears('event', ({ name }) => name === 'undone');
      const rewound = { from: 5, to: 3 };
      table.place(line, { epoch: 2, rewound });
      // A third server becomes the owner before the second owner has sent the state to the client.
      table.place(line, { epoch: 3, rewound });
      const event = await table.client.hears('rewound');
      expectEqual([event.from, event.to], [5, 3], 'from and to of the event');
      await table.client.hearsNo('rewound', QUIET_MS);
      table.whole(line, 4, { n: 4 }, 0, { events: [{ version: 4, name: 'again' }] });
      await table.sees(4, { n: 4 });
      await table.client.hears('event', ({ name }) => name === 'again');
    },
  },
  {
    name: 'never uses the number of a command again after a rewind',
    async run(table) {
      const line = await table.playing();
      const [first, second] = await twoCommands(table, line);
      table.acknowledge(line, 0, 2);
      expectResult(await first, 'the first command');
      expectResult(await second, 'the second command');
      table.place(line, { epoch: 2, seq: 0, rewound: { from: 1, to: 0 } });
      table.whole(line, 0, { n: 'rewound' });
      await table.client.hears('state', ({ state }) => (state as { n: unknown }).n === 'rewound');
      void table.client.act({ do: 'command', name: 'three' });
      const command = await line.hears('command');
      expectEqual([command.seq, command.name], [3, 'three'], 'number and name of the next command');
    },
  },
];

async function twoCommands(table: Table, line: ScriptConnection) {
  const first = table.client.act({ do: 'command', name: 'one' });
  await line.hears('command');
  const second = table.client.act({ do: 'command', name: 'two', data: 2 });
  await line.hears('command');
  return [first, second] as const;
}

/**
 * Time limit for a client to repeat its commands after a resume, in ms. A client also repeats any command whose answer takes longer than
 * this. So only a repeat within the limit shows that the resume caused it.
 */
const AGAIN_MS = 1_200;

async function hearsBoth(line: ScriptConnection): Promise<void> {
  const one = await line.hears('command', undefined, AGAIN_MS);
  const two = await line.hears('command');
  expectEqual([one.seq, one.name, two.seq, two.name], [1, 'one', 2, 'two'], 'the repeated commands');
  expectThat((one.settled ?? 0) === 0 && (two.settled ?? 1) <= 1, 'expected a `settled` below the first unanswered command');
}

/** Returns the fields of a command that the case compares. */
function parts({ seq, settled, name, data }: Command): unknown {
  return { seq, settled, name, ...(data !== undefined && data !== null && { data }) };
}

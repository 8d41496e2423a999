import { type Case, expectEqual } from '../case.js';
import { expectRefusal, expectResult, QUIET_MS, ROOM, viewOf } from '../table.js';

export const RESUMING: readonly Case[] = [
  {
    name: 'resumes a lost connection with the newest secret',
    async run(table) {
      const line = await table.greeted();
      line.cut();
      const second = await table.resumed();
      second.line.cut();
      await table.resumed();
    },
  },
  {
    name: 'resumes at the next gateway when its gateway is lost',
    gateways: 2,
    async run(table) {
      const line = await table.greeted();
      table.gateways[0]!.isRefusing = true;
      line.cut();
      await table.resumed(1);
    },
  },
  {
    name: 'resumes a game with its room, round, version and epoch, and applies the patches from there',
    async run(table) {
      const line = await table.playing({ n: 0 }, { epoch: 7, round: 3 });
      line.send({ kind: 'sync', version: 5, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/n', value: 5 }] });
      await table.sees(5, { n: 5 });
      line.cut();
      const { line: next, hello } = await table.resumed();
      expectEqual([hello.room, hello.round, hello.version, hello.epoch], [ROOM, 3, 5, 7], 'room, round, version and epoch of the hello');
      table.place(next, { epoch: 7, round: 3 });
      next.send({ kind: 'sync', version: 6, seq: 0, room: ROOM, from: 5, patches: [{ op: 'add', path: '/m', value: 6 }] });
      await table.sees(6, { n: 5, m: 6 });
    },
  },
  {
    name: 'sends nothing between the hello of a resume and its welcome',
    async run(table) {
      const line = await table.playing();
      void table.client.act({ do: 'command', name: 'move' });
      await line.hears('command');
      line.cut();
      const next = await table.connection();
      await next.hears('hello');
      await next.hearsNothing(QUIET_MS);
      table.welcome(next);
    },
  },
  {
    name: 'sends a request that only reads again when its response was lost',
    async run(table) {
      const line = await table.greeted();
      const asked = table.client.act({ do: 'request', operation: 'rooms.list', data: { game: 'script' } });
      await line.hears('request');
      line.cut();
      const { line: next } = await table.resumed();
      const { id, operation, data } = await next.hears('request');
      expectEqual([operation, data], ['rooms.list', { game: 'script' }], 'the repeated request');
      next.send({ kind: 'response', id, data: { rooms: [] } });
      expectEqual(expectResult(await asked, 'the response'), { rooms: [] }, 'its data');
    },
  },
  {
    name: 'reports that the outcome of another request is unknown when its response was lost, and does not send it again',
    async run(table) {
      const line = await table.greeted();
      const asked = table.client.act({ do: 'request', operation: 'rooms.ready', data: { ready: true } });
      await line.hears('request');
      line.cut();
      const { line: next } = await table.resumed();
      expectRefusal(await asked, 'server-lost', 'the answer to the request');
      await next.messages.none(
        'request rooms.ready',
        (message) => message.kind === 'request' && message.operation === 'rooms.ready',
        QUIET_MS,
      );
    },
  },
  {
    name: 'matches responses with requests in any order',
    async run(table) {
      const line = await table.greeted();
      const first = table.client.act({ do: 'request', operation: 'games.list' });
      const one = await line.hears('request');
      const second = table.client.act({ do: 'request', operation: 'me' });
      const two = await line.hears('request');
      line.send({ kind: 'response', id: two.id, data: { two: 2 } });
      line.send({
        kind: 'response',
        id: one.id,
        error: { code: 'rate-limited', message: 'Too many messages; slow down.', retry: true, retryAfterMs: 100 },
      });
      expectEqual(expectResult(await second, 'the second response'), { two: 2 }, 'its data');
      expectRefusal(await first, 'rate-limited', 'the first response');
    },
  },
  {
    name: 'enters the room of a `room` message, and leaves it when the room is nil',
    async run(table) {
      const line = await table.greeted();
      line.send({ kind: 'room', room: viewOf() });
      const { room } = await table.client.hears('room');
      expectEqual(room, ROOM, 'the room');
      line.send({ kind: 'room', room: null, reason: 'kicked' });
      const { reason } = await table.client.hears('left');
      expectEqual(reason, 'kicked', 'the reason');
    },
  },
  {
    name: 'ignores a view of the room that is older than the one that it has',
    async run(table) {
      const line = await table.greeted();
      line.send({ kind: 'room', room: viewOf({ rev: 5, name: 'new' }) });
      await table.client.hears('view', ({ view }) => (view as { name: string }).name === 'new');
      line.send({ kind: 'room', room: viewOf({ rev: 4, name: 'old' }) });
      await table.client.hearsNo('view', QUIET_MS);
    },
  },
];

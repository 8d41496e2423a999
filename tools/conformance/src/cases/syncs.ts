import { SUBPROTOCOL_JSON } from '#libs/protocol';
import { type Case, expectEqual, expectThat } from '../case.js';
import { QUIET_MS, ROOM, viewOf } from '../table.js';

/** A sync whose body is cut off in the middle of a map. */
const GARBAGE = Uint8Array.of(0x85, 0, 0, 0, 1, 0, 0, 0, 1, 0x82, 0xa1);

export const SYNCS: readonly Case[] = [
  {
    name: 'applies RFC 6902 patches in order: add, replace and remove, in lists and objects, with escaped keys',
    async run(table) {
      const line = await table.playing({ list: [1, 2, 3], 'a/b': { 'c~d': 1 }, gone: true });
      line.send({
        kind: 'sync',
        version: 1,
        seq: 0,
        room: ROOM,
        from: 0,
        patches: [
          { op: 'remove', path: '/list/0' },
          { op: 'add', path: '/list/1', value: { x: 9 } },
          { op: 'add', path: '/list/-', value: 'end' },
          { op: 'replace', path: '/list/1/x', value: 10 },
          { op: 'replace', path: '/a~1b/c~0d', value: null },
          { op: 'remove', path: '/gone' },
          { op: 'add', path: '/new', value: [] },
        ],
      });
      await table.sees(1, { list: [2, { x: 10 }, 3, 'end'], 'a/b': { 'c~d': null }, new: [] });
    },
  },
  {
    name: 'asks for the whole state over a new connection when a sync starts from another version',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.send({ kind: 'sync', version: 5, seq: 0, room: ROOM, from: 4, patches: [{ op: 'replace', path: '/n', value: 5 }] });
      await table.asksForAll(line, { n: 9 });
    },
  },
  {
    name: 'asks for the whole state over a new connection when a patch does not fit',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.send({ kind: 'sync', version: 1, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/not/there', value: 5 }] });
      await table.asksForAll(line, { n: 9 });
    },
  },
  {
    name: 'asks for the whole state over a new connection when a frame cannot be decoded',
    async run(table) {
      const line = await table.playing({ n: 0 });
      if (line.subprotocol === SUBPROTOCOL_JSON) line.send('{"kind":' as never);
      else line.sendBytes(GARBAGE);
      await table.asksForAll(line, { n: 9 });
    },
  },
  {
    name: 'replaces its state by a whole state of a lower version',
    async run(table) {
      const line = await table.playing({ n: 0 });
      table.whole(line, 8, { n: 8 });
      await table.sees(8, { n: 8 });
      table.whole(line, 3, { n: 3 });
      await table.sees(3, { n: 3 });
    },
  },
  {
    name: 'emits the events of syncs in order, and none again after a resume',
    async run(table) {
      const line = await table.playing({ n: 0 });
      const events = [
        { version: 1, name: 'first', data: { a: 1 } },
        { version: 2, name: 'second' },
      ];
      line.send({ kind: 'sync', version: 2, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/n', value: 2 }], events });
      const first = await table.client.hears('event');
      const second = await table.client.hears('event');
      expectEqual([first.name, first.version, first.data, second.name], ['first', 1, { a: 1 }, 'second'], 'the events');
      line.cut();
      const { line: next } = await table.resumed();
      table.place(next);
      table.whole(next, 3, { n: 3 }, 0, { events: [...events, { version: 3, name: 'third' }] });
      const third = await table.client.hears('event');
      expectEqual(third.name, 'third', 'the next event after the resume');
    },
  },
  {
    name: 'reports that events are missing',
    async run(table) {
      const line = await table.playing({ n: 0 });
      table.whole(line, 900, { n: 900 }, 0, { missed: true });
      await table.client.hears('missed');
    },
  },
  {
    name: 'ignores the frames of a server that has been replaced, until the next `placed`',
    async run(table) {
      const line = await table.playing({ n: 0 }, { epoch: 5 });
      table.place(line, { epoch: 4 });
      table.whole(line, 7, { n: 'old' });
      await table.client.hearsNo('state', QUIET_MS);
      table.place(line, { epoch: 6 });
      table.whole(line, 1, { n: 'new' });
      await table.sees(1, { n: 'new' });
    },
  },
  {
    name: 'ignores syncs of another room',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.send({ kind: 'sync', version: 5, seq: 0, room: 'r-other' as never, state: { n: 'other' } });
      await table.client.hearsNo('state', QUIET_MS);
      expectThat(!line.isClosed, 'expected that the connection stays open');
    },
  },
  {
    name: 'reports the players of the game, and their changes',
    async run(table) {
      const line = await table.playing();
      const players = [
        { seat: 0, name: 'Ada' },
        { seat: 1, name: 'Robo', bot: true as const },
      ];
      line.send({ kind: 'players', room: ROOM, players });
      expectEqual((await table.client.hears('players')).players, players, 'the players');
    },
  },
  {
    name: 'reports the end of a game with its result, and plays the next one in the same room',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.send({ kind: 'ended', room: ROOM, reason: 'finished', result: { winner: 0 } });
      const ended = await table.client.hears('ended');
      expectEqual([ended.reason, ended.result], ['finished', { winner: 0 }], 'reason and result');
      line.send({ kind: 'room', room: viewOf({ status: 'waiting', rev: 2 }) });
      line.send({ kind: 'room', room: viewOf({ status: 'playing', rev: 3 }) });
      table.place(line, { round: 1, epoch: 2 });
      table.whole(line, 0, { n: 'second game' });
      await table.sees(0, { n: 'second game' });
    },
  },
  {
    name: 'ends a game when a `placed` of another round comes without the end of the first',
    async run(table) {
      const line = await table.playing({ n: 0 });
      table.place(line, { round: 1, epoch: 2 });
      await table.client.hears('ended');
      table.whole(line, 0, { n: 'second game' });
      await table.sees(0, { n: 'second game' });
    },
  },
];

import { SUBPROTOCOL_BINARY, SUBPROTOCOL_COMPACT, SUBPROTOCOL_JSON } from '#libs/protocol';
import { type Case, expectEqual, expectThat } from '../case.js';
import { expectRefusal, expectResult, ROOM, viewOf } from '../table.js';

export const VERSIONS: readonly Case[] = [
  {
    name: 'offers `holdfast.v1.msgpack` or `holdfast.v1.json`, which every server of version 1 knows',
    async run(table) {
      const line = await table.greeted();
      const isKnown = line.offered.some((name) => name === SUBPROTOCOL_BINARY || name === SUBPROTOCOL_JSON);
      expectThat(isKnown, `expected one of them, found ${line.offered.join(', ')}`);
    },
  },
  {
    name: 'reports `protocol-version` when the server speaks another version, and does not try again',
    async run(table) {
      const connecting = table.client.act({ do: 'connect', name: 'Ada' });
      const line = await table.connection();
      await line.hears('hello');
      line.send({ kind: 'goodbye', code: 'protocol-version', reason: 'This server speaks version 2 of the protocol.' });
      expectRefusal(await connecting, 'protocol-version', 'the answer to connect');
      await table.hearsNoConnection(900);
    },
  },
  {
    name: 'reports `unavailable` when the server knows none of its subprotocols, and does not try again',
    async run(table) {
      table.gateways[0]!.subprotocols = ['holdfast.v2.msgpack'];
      expectRefusal(await table.client.act({ do: 'connect', name: 'Ada' }), 'unavailable', 'the answer to connect');
      await table.hearsNoConnection(900);
    },
  },
  {
    name: 'plays on a server that does not know compact syncs',
    async run(table) {
      table.gateways[0]!.subprotocols = [SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON];
      const line = await table.playing({ n: 0 });
      line.send({ kind: 'sync', version: 1, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/n', value: 1 }] });
      await table.sees(1, { n: 1 });
    },
  },
  {
    name: 'reads classic syncs also after it asked for compact ones, because the server of the room may be older',
    async run(table) {
      const line = await table.playing({ n: 0 });
      line.needsCompact();
      line.send({ kind: 'sync', version: 1, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/n', value: 1 }] });
      await table.sees(1, { n: 1 });
    },
  },
  {
    name: 'accepts a welcome without `sessionMs`, as servers of an earlier version send it',
    async run(table) {
      const line = await table.greeted({ sessionMs: undefined });
      line.cut();
      await table.resumed();
    },
  },
  {
    name: 'ignores kinds of messages that it does not know',
    async run(table) {
      const line = await table.playing();
      if (line.subprotocol === SUBPROTOCOL_JSON) line.send({ kind: 'of-a-later-version' } as never);
      else line.sendBytes(Uint8Array.of(0xf0, 1, 2, 3));
      line.send({ kind: 'sync', version: 1, seq: 0, room: ROOM, from: 0, patches: [{ op: 'replace', path: '/n', value: 1 }] });
      await table.sees(1, { n: 1 });
      expectThat(!line.isClosed, 'expected that the connection stays open');
    },
  },
  {
    name: 'ignores fields that it does not know',
    async run(table) {
      const line = await table.greeted({ later: { deep: [1] } } as never);
      line.send({ kind: 'room', room: { ...viewOf(), later: 1 } as never });
      table.place(line, { later: 'x' } as never);
      table.whole(line, 0, { n: 0 }, 0, { later: true } as never);
      await table.sees(0, { n: 0 });
      const asked = table.client.act({ do: 'request', operation: 'me' });
      const { id } = await line.hears('request');
      line.send({ kind: 'response', id, data: { user: 'u-1' }, later: 1 } as never);
      expectEqual(expectResult(await asked, 'the response'), { user: 'u-1' }, 'its data');
    },
  },
  {
    name: 'prefers compact syncs when it offers them',
    async run(table) {
      const line = await table.greeted();
      line.needsCompact();
      expectThat(line.offered.includes(SUBPROTOCOL_BINARY), `expected that it also offers ${SUBPROTOCOL_BINARY} for older gateways`);
      expectEqual(line.subprotocol, SUBPROTOCOL_COMPACT, 'the subprotocol');
    },
  },
];

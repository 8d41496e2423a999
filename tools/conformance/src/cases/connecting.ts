import type { UserId } from '#libs/protocol';
import { type Case, expectEqual, expectThat } from '../case.js';
import { expectResult, QUIET_MS, SESSION } from '../table.js';

export const CONNECTING: readonly Case[] = [
  {
    name: 'sends hello first, with the version of the protocol and the name, and then nothing before the welcome',
    async run(table) {
      const connecting = table.client.act({ do: 'connect', name: 'Ada' });
      const line = await table.connection();
      const [first] = [await line.messages.take('a message', () => true, 5_000)];
      expectEqual([first.kind, first.kind === 'hello' && [first.protocol, first.name]], ['hello', [1, 'Ada']], 'the first message');
      await line.hearsNothing(QUIET_MS);
      table.welcome(line);
      const result = expectResult(await connecting, 'the answer to connect') as { session: string; user: UserId; name: string };
      expectEqual([result.session, result.user, result.name], [SESSION, 'u-1', 'Ada'], 'the session that the client reports');
    },
  },
  {
    name: 'sends the token of a login',
    async run(table) {
      void table.client.act({ do: 'connect', token: 'a.b.c' });
      const line = await table.connection();
      const hello = await line.hears('hello');
      expectEqual([hello.token, hello.session], ['a.b.c', undefined], 'token and session of the hello');
      table.welcome(line);
    },
  },
  {
    name: 'connects to the next gateway when the first one does not answer',
    gateways: 2,
    async run(table) {
      table.gateways[0]!.isRefusing = true;
      await table.greeted({}, 1);
    },
  },
  {
    name: 'pings an idle connection within `pingMs`',
    async run(table) {
      const line = await table.greeted({ pingMs: 400 });
      for (let count = 0; count < 3; count++) await line.pings.take('a ping', () => true, 2_000);
      expectThat(!line.isClosed, 'expected that the connection stays open');
    },
  },
  {
    name: 'replaces a connection on which nothing arrives for twice `pingMs`',
    async run(table) {
      const line = await table.greeted({ pingMs: 300 });
      line.answersPings = false;
      await table.resumed();
    },
  },
  {
    name: 'answers a WebSocket ping, and reads a message in fragments',
    async run(table) {
      const line = await table.greeted();
      const asked = table.client.act({ do: 'request', operation: 'me' });
      const { id } = await line.hears('request');
      line.sendInFragments({ kind: 'response', id, data: { answer: 42 } }, 'are you there');
      expectEqual(expectResult(await asked, 'the response'), { answer: 42 }, 'its data');
      await line.pongs.take('a pong with the data of the ping', (text) => text === 'are you there', 2_000);
    },
  },
  {
    name: 'reads a message of two megabytes',
    async run(table) {
      const line = await table.greeted();
      const asked = table.client.act({ do: 'request', operation: 'me' });
      const { id } = await line.hears('request');
      const text = 'x'.repeat(2_000_000);
      line.send({ kind: 'response', id, data: { text } });
      const { text: read } = expectResult(await asked, 'the response') as { text: string };
      expectThat(read === text, 'expected the whole text');
    },
  },
  {
    name: 'says bye when it ends its session',
    async run(table) {
      const line = await table.greeted();
      await table.client.act({ do: 'close' });
      await line.hears('bye');
      await table.hearsNoConnection(QUIET_MS);
    },
  },
  {
    name: 'closes the connection without bye when it wants to come back later',
    async run(table) {
      const line = await table.greeted();
      await table.client.act({ do: 'detach' });
      expectThat(await line.isClosedByClient(), 'expected that the client closes the connection');
      expectEqual(
        line.messages.all.map(({ kind }) => kind),
        ['hello'],
        'the messages of the client',
      );
    },
  },
];

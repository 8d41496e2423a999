import { type Case, expectEqual, expectThat } from '../case.js';
import { expectRefusal, QUIET_MS, SESSION, type Table } from '../table.js';

/**
 * Duration for which the case checks that the client does not reconnect, in ms. A client that wrongly reconnects does so earlier, because
 * its first delays are shorter.
 */
const NO_RETRY_MS = 900;

export const REFUSALS: readonly Case[] = [
  {
    name: 'reports a refused login with its code, and does not try again',
    async run(table) {
      const connecting = table.client.act({ do: 'connect', name: 'Ada' });
      const line = await table.connection();
      await line.hears('hello');
      line.send({ kind: 'goodbye', code: 'unauthorized', reason: 'The name is not allowed.' });
      expectRefusal(await connecting, 'unauthorized', 'the answer to connect');
      await table.hearsNoConnection(NO_RETRY_MS);
    },
  },
  {
    name: 'tries a refused login again after `retryAfterMs`, and not before',
    async run(table) {
      const connecting = table.client.act({ do: 'connect', name: 'Ada' });
      const line = await table.connection();
      await line.hears('hello');
      line.send({ kind: 'goodbye', code: 'unavailable', reason: 'The store has lost data.', retryAfterMs: 600 });
      await comesAfter(table, 600);
      expectEqual((await connecting).error, undefined, 'the refusal of connect');
    },
  },
  {
    name: 'reconnects after a goodbye with a code that it does not know if there is `retryAfterMs`',
    async run(table) {
      const line = await table.greeted();
      line.send({ kind: 'goodbye', code: 'of-a-later-version', reason: 'Later.', retryAfterMs: 500 });
      await comesAfter(table, 500);
    },
  },
  {
    name: 'does not reconnect after a goodbye with a code that it does not know without `retryAfterMs`',
    run: (table) => endsWith(table, 'of-a-later-version'),
  },
  {
    name: 'does not reconnect when the session continues over another connection',
    run: (table) => endsWith(table, 'replaced'),
  },
  {
    name: 'resumes after a goodbye of a gateway that shuts down, at the next gateway',
    gateways: 2,
    async run(table) {
      const line = await table.greeted();
      line.send({ kind: 'goodbye', code: 'shutting-down', reason: 'The server is shutting down.', retryAfterMs: 100 });
      await table.resumed(1);
    },
  },
  {
    name: 'begins a new session when the one of an earlier run is over',
    async run(table) {
      const connecting = table.client.act({ do: 'connect', name: 'Ada', session: SESSION, secret: 'old' });
      const line = await table.connection();
      const hello = await line.hears('hello');
      expectEqual([hello.session, hello.secret], [SESSION, 'old'], 'the first hello');
      line.send({ kind: 'goodbye', code: 'session-unknown', reason: 'This session is over.' });
      const second = await table.connection();
      const login = await second.hears('hello');
      expectEqual([login.session, login.name], [undefined, 'Ada'], 'session and name of the second hello');
      table.welcome(second);
      expectEqual((await connecting).error, undefined, 'the refusal of connect');
    },
  },
  {
    name: 'waits longer before each further attempt while no gateway answers',
    async run(table) {
      const [gateway] = table.gateways;
      const line = await table.greeted();
      gateway!.isRefusing = true;
      line.cut();
      await table.client.hears('status', ({ status }) => status === 'reconnecting');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const { refusals } = gateway!;
      // The limit allows two attempts for each connection, because some WebSockets repeat a refused handshake once.
      expectThat(refusals >= 2 && refusals <= 12, `expected 2 to 12 attempts within 2 s, found ${refusals}`);
      gateway!.isRefusing = false;
      await table.resumed();
    },
  },
];

async function comesAfter(table: Table, waitMs: number): Promise<void> {
  const saidAt = performance.now();
  const line = await table.connection();
  const pauseMs = line.openedAt - saidAt;
  expectThat(pauseMs >= waitMs - 20, `expected a new connection after ${waitMs} ms, found it after ${Math.round(pauseMs)} ms`);
  await line.hears('hello');
  table.welcome(line);
}

async function endsWith(table: Table, code: string): Promise<void> {
  const line = await table.greeted();
  line.send({ kind: 'goodbye', code, reason: 'The session ends here.' });
  const { code: reported } = await table.client.hears('closed');
  expectEqual(reported, code, 'the code of the event closed');
  await table.hearsNoConnection(Math.max(QUIET_MS, NO_RETRY_MS));
}

import { Test, type TestingModule } from '@nestjs/testing';
import { LinkModule, type LinkPeer, Links } from '#libs/link';
import { type ServerId, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { TelemetryModule } from '#libs/telemetry';
import { until } from '../../../tools/process/until.mjs';
import { FleetModule } from './fleet.module.js';
import { serversKey } from './fleet.options.js';
import { FleetLinks } from './fleet-links.js';
import { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';

const SECRET = 'a secret of the tests';
/** Longer than the time limit of a test, so that a request never fails because of its own limit. */
const TIMEOUT_MS = 60_000;

/** A game server with a record and a link port. It receives requests and answers them only when the test calls `answer`. */
interface SilentServer {
  readonly id: ServerId;
  readonly links: Links;
  readonly received: string[];
  readonly events: string[];
  answer(): void;
}

describe('a request over a link of the fleet', () => {
  let module: TestingModule;
  let redis: RedisConnections;
  let directory: ServerDirectory;
  let fleetLinks: FleetLinks;
  const silent: SilentServer[] = [];
  let servers = 0;

  beforeAll(async () => {
    const name = `asking-${process.pid}`;
    module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/3` }),
        TelemetryModule.forRoot({ server: name, level: 'silent', format: 'json' }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secrets: [SECRET] }),
        FleetModule.forRoot({ type: 'lobby', name }),
      ],
    }).compile();
    redis = module.get(RedisConnections);
    await redis.ready();
    await module.init();
    directory = module.get(ServerDirectory);
    fleetLinks = module.get(FleetLinks);
  });

  afterEach(async () => {
    for (const { id, links } of silent.splice(0)) {
      links.onApplicationShutdown();
      await redis.commands.del(id);
      await redis.commands.srem(serversKey(), id);
    }
  });

  afterAll(() => module.close());

  async function silentServer(incarnation: number): Promise<SilentServer> {
    const id = serverId('game', `silent-${process.pid}-${++servers}`);
    const links = new Links({ host: '127.0.0.1', port: 0, secrets: [SECRET] }, { id, incarnation });
    const port = await links.listen();
    const received: string[] = [];
    const events: string[] = [];
    const answers: (() => void)[] = [];
    links.onRequest((_, pattern) => {
      received.push(pattern);
      return new Promise((resolve) => answers.push(() => resolve('the answer')));
    });
    links.onEvent((_, pattern) => void events.push(pattern));
    const made = {
      id,
      links,
      received,
      events,
      answer: () => {
        for (const answer of answers.splice(0)) answer();
      },
    };
    silent.push(made);
    await write(id, { type: 'game', name: 'silent', state: 'ready', incarnation, linkHost: '127.0.0.1', linkPort: port });
    await redis.commands.sadd(serversKey(), id);
    await directory.refresh();
    return made;
  }

  async function write(id: ServerId, fields: Record<string, string | number>): Promise<void> {
    await redis.commands.hset(id, fields);
    await directory.refresh();
  }

  function recordOf({ id }: SilentServer): ServerRecord {
    return directory.get(id) as ServerRecord;
  }

  /** Sends a request, and resolves when the server has received it. `outcome`: the answer, or the code of the error. */
  async function send(server: SilentServer, peer: LinkPeer): Promise<{ outcome: string | null }> {
    const sent: { outcome: string | null } = { outcome: null };
    const before = server.received.length;
    peer.request('room.open', {}, { timeoutMs: TIMEOUT_MS }).then(
      (answer) => (sent.outcome = answer as string),
      (error: { code: string }) => (sent.outcome = error.code),
    );
    await until(() => server.received.length > before);
    return sent;
  }

  it('fails with `server-lost` as soon as the directory learns of the eviction of the server, and the link stays open', async () => {
    const server = await silentServer(5);
    const peer = await fleetLinks.to(recordOf(server));
    const sent = await send(server, peer);
    await write(server.id, { state: 'dead' });
    await until(() => sent.outcome !== null);
    expect(sent.outcome).toBe('server-lost');

    peer.emit('later', {});
    await until(() => server.events.includes('later'));
    expect(peer.isOpen).toBe(true);
  });

  it('is not sent to an evicted server', async () => {
    const server = await silentServer(5);
    const before = recordOf(server);
    await write(server.id, { state: 'dead' });
    await expect(fleetLinks.to(before)).rejects.toMatchObject({ code: 'server-lost', message: expect.stringContaining('evicted') });
    expect(server.received).toEqual([]);
  });

  it('fails when the server has registered with another incarnation before it answered', async () => {
    const server = await silentServer(5);
    const sent = await send(server, await fleetLinks.to(recordOf(server)));
    await write(server.id, { incarnation: 6 });
    await until(() => sent.outcome !== null);
    expect(sent.outcome).toBe('server-lost');
  });

  it('keeps waiting for a server that is only suspected, and for the new incarnation of an evicted server', async () => {
    const [suspected, renewed] = [await silentServer(5), await silentServer(6)];
    const toSuspected = await send(suspected, await fleetLinks.to(recordOf(suspected)));
    const toRenewed = await send(renewed, await fleetLinks.to(recordOf(renewed)));
    await write(suspected.id, { suspect: 2, unheard: 1 });
    // The directory learns of the eviction of incarnation 5 only after the link to incarnation 6 is open.
    await write(renewed.id, { incarnation: 5, state: 'dead' });
    await write(renewed.id, { incarnation: 6, state: 'ready' });
    suspected.answer();
    renewed.answer();
    await until(() => toSuspected.outcome !== null && toRenewed.outcome !== null);
    expect([toSuspected.outcome, toRenewed.outcome]).toEqual(['the answer', 'the answer']);
  });
});

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client/node';
import { CuttableProxy } from '../../tools/chaos/src/cuttable-proxy.js';
import { ROOT } from '../../tools/process/paths.mjs';
import { eventually } from '../../tools/process/until.mjs';
import { FleetServer } from '../../tools/testing/fleet-server.js';
import { DelayingProxy } from '../harness/delaying-proxy.js';
import { type Fleet, RawPlayer, startFleet, until } from '../harness/index.js';
import { Prometheus } from '../harness/prometheus.js';

const TALKATIVE = join(ROOT, 'test/harness/talkative-server.mjs');
const SOON_MS = 45_000;
/** Delay in each direction between a distant server and Redis, in ms. A round trip, and so each write, takes twice as long. */
const DISTANCE_MS = 160;
/** The shortest pause that the rule about long pauses reports, in ms. */
const LONG_PAUSE_MS = 5_000;

// This file causes the alerts that `test/alerts.spec.ts` does not cause.
describe('a real Prometheus that evaluates the alert rules of a fleet with one fault at a time', () => {
  let home: string;
  let fleet: Fleet;
  let prometheus: Prometheus;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-alerts-'));
    const env = { HEALTH_INTERVAL_MS: '1000', EFFECT_WARN_MS: '1000', REDIS_COMMAND_TIMEOUT_MS: '2000' };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1, testGames: { turnMs: 120_000 }, env });
    prometheus = await Prometheus.start(targets());
    await scraped();
  }, 180_000);
  afterAll(async () => {
    await prometheus?.stop();
    await fleet?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const targets = (): string[] => fleet.servers.filter(({ exit }) => !exit).map(({ opsUrl }) => new URL(opsUrl).host);
  /** Makes Prometheus scrape all living servers, because a server that was started again has another port. */
  const scraped = async (): Promise<void> => {
    await prometheus.scrape(targets());
    await until(async () => (await prometheus.value('count(up == 1)')) === targets().length, SOON_MS);
  };
  const firing = async (): Promise<string[]> => (await prometheus.firing()).map(({ labels }) => labels.alertname as string);
  const fires = (alert: string): Promise<void> => eventually(async () => expect(await firing()).toContain(alert), SOON_MS);
  const clears = (alert: string): Promise<void> => eventually(async () => expect(await firing()).not.toContain(alert), SOON_MS);
  const remove = async (...servers: readonly string[]): Promise<void> => {
    for (const server of servers) await fleet.terminate(server);
    await scraped();
  };
  const toil = async (): Promise<Room> => {
    const room = await (await fleet.newPlayer('Ada')).createRoom({ game: 'toil', private: true });
    await room.start();
    return room.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 });
  };

  it('reports a server whose writes to Redis take long', async () => {
    const proxy = await DelayingProxy.before(fleet.redis.port, DISTANCE_MS);
    const store = new URL(fleet.redis.url);
    store.port = String(proxy.port);
    await fleet.start('game', 'far', { REDIS_URL: store.href });
    await scraped();
    await fires('HoldfastStoreSlow');
    await fleet.admin('POST', `/api/servers/${fleet.games[0]!.id}/cordon`);
    const { rooms } = await until(() => fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe').catch(() => null), SOON_MS);
    expect((await fleet.ownerOf(rooms[0])).name).toBe('far');
    for (let cell = 0; cell < 5; cell++) await rooms[cell % 2]!.send('place', { cell: [0, 3, 1, 4, 8][cell]! });
    await fires('HoldfastAcknowledgementsSlow');
    await fleet.admin('POST', `/api/servers/${fleet.games[0]!.id}/uncordon`);
    await remove('game-far');
    proxy.close();
    await clears('HoldfastStoreSlow');
    await clears('HoldfastAcknowledgementsSlow');
  }, 240_000);

  it('reports a gateway that is the only server without a connection to Redis', async () => {
    const proxy = await CuttableProxy.to({ port: fleet.redis.port });
    const store = new URL(fleet.redis.url);
    store.port = String(proxy.port);
    await fleet.start('gateway', 'cut', { REDIS_URL: store.href });
    await fleet.whole();
    proxy.cut();
    await fleet.start('lobby', 'new');
    await scraped();
    await Promise.all(['HoldfastStoreUnavailableAtServer', 'HoldfastServersDisagree', 'HoldfastEvictionsHeld'].map(fires));
    proxy.mend();
    await Promise.all(['HoldfastStoreUnavailableAtServer', 'HoldfastServersDisagree', 'HoldfastEvictionsHeld'].map(clears));
    await remove('lobby-new', 'gateway-cut');
    proxy.close();
  }, 240_000);

  it('reports a gateway that has more than 90 % of its maximum number of connections', async () => {
    const gateway = await fleet.start('gateway', 'small', { CONNECTIONS_MAX: '10' });
    await scraped();
    const sessions: Session[] = [];
    for (let count = 0; count < 10; count++) sessions.push(await fleet.newPlayer(`P${count}`, { gateway }));
    await fires('HoldfastConnectionsNearLimit');
    for (const session of sessions) session.close();
    await clears('HoldfastConnectionsNearLimit');
    await remove('gateway-small');
  }, 240_000);

  it('reports a server whose steps take longer than their interval', async () => {
    const room = await toil();
    await room.send('burn', { ms: 120 });
    await Promise.all(['HoldfastEventLoopLag', 'HoldfastStepsDropped'].map(fires));
    await room.send('end');
    await Promise.all(['HoldfastEventLoopLag', 'HoldfastStepsDropped'].map(clears));
  }, 240_000);

  it('reports an effect that does not finish', async () => {
    const room = await toil();
    await room.send('work', { ms: 12_000 });
    await fires('HoldfastEffectsOverdue');
    await room.send('end');
    await fires('HoldfastEffectResultsDropped');
    await Promise.all(['HoldfastEffectsOverdue', 'HoldfastEffectResultsDropped'].map(clears));
  }, 240_000);

  it('reports a server whose machine has a wrong clock', async () => {
    const file = join(home, 'clock');
    writeFileSync(file, '5000');
    const preload = pathToFileURL(join(ROOT, 'tools/process/wall-clock.mjs')).href;
    await fleet.start('lobby', 'fast', { WALL_CLOCK_FILE: file, NODE_OPTIONS: `--import ${preload}` });
    await scraped();
    await fires('HoldfastClockWrong');
    await remove('lobby-fast');
    await clears('HoldfastClockWrong');
  }, 240_000);

  it('reports ten tickets that wait without a match', async () => {
    // Each mode has fewer tickets than a match needs: three in each of the two modes for four players, and one in every other mode.
    const modes = ['duo', 'duo', 'duo', 'asked-duo', 'asked-duo', 'asked-duo', 'open', 'ranked', 'asked', 'asked-duel'];
    const sessions: Session[] = [];
    for (const [index, mode] of modes.entries()) {
      const session = await fleet.newPlayer(`Searcher${index}`);
      sessions.push(session);
      session.quickMatch('rumble', { mode }).catch(() => {});
    }
    await fires('HoldfastMatchmakingStalled');
    const partner = await fleet.newPlayer('Partner');
    await partner.quickMatch('rumble', { mode: 'ranked' });
    await clears('HoldfastMatchmakingStalled');
    for (const session of [...sessions, partner]) session.close();
  }, 240_000);

  it('reports requests that fail because no lobby runs', async () => {
    const session = await fleet.newPlayer('Ada');
    const lobby = fleet.lobbies[0]!;
    await fleet.kill(lobby);
    const isOver = asksUntil(() => session.rooms());
    await fires('HoldfastLobbyRequestsFail');
    await fleet.restart(lobby);
    await scraped();
    await clears('HoldfastLobbyRequestsFail');
    await isOver();
  }, 240_000);

  it('reports logins that fail because Redis does not answer', async () => {
    fleet.redis.pause();
    const isOver = asksUntil(async () => {
      const visitor = await RawPlayer.connect(fleet.gateways[0]!, 'tcp');
      visitor.say({ kind: 'hello', protocol: 1, name: 'Visitor' });
      await visitor.hears('goodbye');
    });
    try {
      await fires('HoldfastLoginsFail');
    } finally {
      fleet.redis.resume();
    }
    await clears('HoldfastLoginsFail');
    await isOver();
  }, 240_000);

  it('reports a room whose players waited for an owner for more than five seconds', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const owner = await fleet.ownerOf(rooms[0]);
    await fleet.kill(owner);
    const killedAt = performance.now();
    await until(() => performance.now() - killedAt > LONG_PAUSE_MS + 1_500, SOON_MS);
    await fleet.restart(owner);
    await scraped();
    await rooms[0].waitFor(({ status }) => status === 'playing', { timeoutMs: 20_000 });
    await fires('HoldfastPausesLong');
    await clears('HoldfastPausesLong');
  }, 240_000);
});

describe('a real Prometheus that scrapes a game server whose disk is full', () => {
  it('reports dropped log lines', async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-alerts-'));
    const fleet = await startFleet({ games: 0 });
    const output = openSync('/dev/full', 'w');
    const spec = { type: 'game', name: 'full', main: TALKATIVE, output, env: { ...fleet.settings(), OPS_PORT: '0' } } as const;
    const server = await FleetServer.start(spec, home);
    const prometheus = await Prometheus.start([new URL(server.opsUrl).host]);
    try {
      await until(async () => (await prometheus.value('count(up == 1)')) === 1, SOON_MS);
      process.kill(server.pid, 'SIGUSR2');
      await until(async () => (await prometheus.firing()).some(({ labels }) => labels.alertname === 'HoldfastLogLinesDropped'), SOON_MS);
    } finally {
      await prometheus.stop();
      server.kill();
      await server.exited;
      await fleet.stop();
      closeSync(output);
      await rm(home, { recursive: true, force: true });
    }
  }, 120_000);
});

/** Repeats a request, at most ten times a second, until the returned function is called. Ignores failures. */
function asksUntil(ask: () => Promise<unknown>): () => Promise<void> {
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await ask().catch(() => {});
      // This delay limits the rate of the requests. No assertion depends on its length.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return () => {
    isOver = true;
    return running;
  };
}

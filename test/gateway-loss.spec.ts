import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../tools/process/paths.mjs';
import { type Fleet, startFleet, until } from './harness/index.js';

const run = promisify(execFile);
/** Number of players. Half of them use the gateway that the test kills. With more than 80 players, the test also prints a report. */
const PLAYERS = Number(process.env.GATEWAY_LOSS_PLAYERS ?? 80);
const SECONDS = 8;

describe('the loss of a gateway with many players', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('causes neither a lost nor a repeated move of a player', async () => {
    const [killed] = fleet.gateways;
    const urls = fleet.gateways.flatMap(({ publicUrl }) => ['--url', publicUrl]);
    const options = ['--players', String(PLAYERS), '--seconds', String(SECONDS), '--think-ms', '2000', ...urls, '--json'];
    const playing = run(process.execPath, [join(ROOT, 'tools/players/run.mjs'), ...options], { cwd: ROOT });
    try {
      await until(async () => (await playersAt(killed)) >= PLAYERS / 2, 20_000);
      // The test kills the gateway only after the games have begun.
      await until(async () => (await gamesOn()) >= PLAYERS / 4, 20_000);
    } finally {
      killed.kill();
    }
    const report = JSON.parse((await playing).stdout) as Record<string, number>;
    if (PLAYERS > 80) process.stderr.write(`${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ ok: true, lost: 0, doubled: 0, faults: [] });
    expect(report.reconnects).toBeGreaterThanOrEqual(PLAYERS / 2);
    expect(report.longestPauseMs).toBeLessThan(2_000);
  }, 90_000);

  async function playersAt(gateway: Fleet['gateways'][number]): Promise<number> {
    return Number(/^holdfast_sessions(?:\{[^}]*\})? (\d+)/m.exec((await gateway.ops('/metrics')).text)?.[1] ?? 0);
  }

  async function gamesOn(): Promise<number> {
    const pages = await Promise.all(fleet.games.map((game) => game.ops('/metrics')));
    return pages
      .flatMap(({ text }) => [...text.matchAll(/^holdfast_rooms(?:\{[^}]*\})? (\d+)/gm)])
      .reduce((sum, [, count]) => sum + Number(count), 0);
  }
});

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../tools/process/paths.mjs';
import { type Fleet, startFleet } from './harness/index.js';

const run = promisify(execFile);
/** The games of a whole tournament. A machine without this file plays ten of these games from the fixture instead. */
const TOURNAMENT = join(ROOT, '../shared/data/london-1851.pgn');
const FIXTURE = join(__dirname, 'fixtures/london-1851-ten-games.pgn');
const GAMES_MAX = 20;

describe('the tool tools/players', () => {
  let fleet: Fleet;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-pgn-'));
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2 });
  }, 60_000);
  afterAll(async () => {
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('plays the chess games of a file in the fleet, with the results that the file contains', async () => {
    const text = await readFile(existsSync(TOURNAMENT) ? TOURNAMENT : FIXTURE, 'utf8');
    const games = text
      .split(/(?=^\[Event )/m)
      .filter((game) => game.trim() !== '')
      .slice(0, GAMES_MAX);
    const file = join(folder, 'games.pgn');
    await writeFile(file, games.join(''));
    const report = await players('--game', 'chess', '--pgn', file);
    expect(report).toMatchObject({ ok: true, games: games.length, lost: 0, doubled: 0, differences: [], faults: [], refusals: {} });
    const moves =
      games
        .join('')
        .replace(/^\[.*$/gm, '')
        .match(/(?<![\w-])[KQRBNOa-h][\w+#=-]*/g) ?? [];
    // Resignations and agreements on a draw are commands too, but the report does not count them as moves.
    expect(report.moves).toBe(moves.length);
  }, 120_000);

  it('plays games from given positions, and skips unreadable games', async () => {
    const file = join(folder, 'people.pgn');
    const fixtures = ['oddities', 'unreadable', 'set-up', 'automatic-ends'];
    const texts = fixtures.map((name) => readFile(join(ROOT, `tools/players/src/fixtures/${name}.pgn`), 'utf8'));
    await writeFile(file, (await Promise.all(texts)).join('\n'));
    const report = await players('--game', 'chess', '--pgn', file);
    expect(report).toMatchObject({ ok: true, games: 18, lost: 0, doubled: 0, differences: [], faults: [], refusals: {} });
    expect(report).toMatchObject({ unreadableCount: 9, remarkCount: 5 });
    await expect(players('--game', 'chess', '--pgn', file, '--strict')).rejects.toThrow('9 of its 27 games cannot be read');
  }, 60_000);

  it('plays tic-tac-toe continuously, and loses no command', async () => {
    const report = await players('--players', '40', '--seconds', '3', '--pairing', 'match');
    expect(report).toMatchObject({ ok: true, lost: 0, doubled: 0, faults: [] });
    expect(report.games).toBeGreaterThan(20);
  }, 60_000);

  interface Said {
    readonly games: number;
    readonly moves: number;
  }

  async function players(...args: readonly string[]): Promise<Said> {
    const urls = fleet.gateways.flatMap(({ publicUrl }) => ['--url', publicUrl]);
    const { stdout } = await run(process.execPath, [join(ROOT, 'tools/players/run.mjs'), ...args, ...urls, '--json'], { cwd: ROOT }).catch(
      (error: { stdout?: string; stderr?: string }) => {
        throw new Error(`${error.stdout}\n${error.stderr}`);
      },
    );
    return JSON.parse(stdout) as Said;
  }
});

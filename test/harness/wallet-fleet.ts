import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Room, Session } from '#libs/client';
import type { Bet, Casino } from '../../docs/writing-a-game/games/casino/src/casino.js';
import { HOUSE, WALLET_SCHEMA } from '../../docs/writing-a-game/games/casino/src/wallet.js';
import { findPostgres } from '../../tools/postgres/find-postgres.mjs';
import { startPostgres } from '../../tools/postgres/start-postgres.mjs';
import { HOLDFAST_DIR } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';
import { buildServer } from './example-fleet.js';
import { type Fleet, type Game, startFleet } from './fleet.js';

/** A point in a transaction of the wallet, such as `charge: before COMMIT`. */
export type WalletPoint = `${'charge' | 'settle'}: ${'before' | 'after'} ${'INSERT' | 'UPDATE' | 'COMMIT'}`;
export type Victim = 'game server' | 'gateway' | 'lobby' | 'Redis' | 'PostgreSQL';

/** The coins that each player and the house have at the beginning. */
const COINS = 500;

/** A fleet with the casino of docs/writing-a-game.md. The wallet of the casino uses a real PostgreSQL. */
export class WalletFleet {
  private servers = 0;

  private constructor(
    private readonly dir: string,
    /** The folder with the data of PostgreSQL. */
    private readonly home: string,
    private readonly bundle: string,
    readonly fleet: Fleet,
    private postgres: Awaited<ReturnType<typeof startPostgres>>,
    private readonly restartPostgres: () => Promise<Awaited<ReturnType<typeof startPostgres>>>,
    private readonly pool: pg.Pool,
  ) {}

  /** Starts PostgreSQL and the fleet. Returns the reason as text when this machine has no PostgreSQL. */
  static async start(): Promise<WalletFleet | string> {
    const found = await findPostgres();
    if ('missing' in found) return found.missing;
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-wallet-'));
    const home = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
    const postgres = await startPostgres({ postgres: found, dir: home });
    const pool = new pg.Pool({ connectionString: postgres.url, connectionTimeoutMillis: 2_000, query_timeout: 5_000 });
    // Tests kill PostgreSQL, which closes idle connections of this pool with an error. Without a listener, the error would end the test's
    // process.
    pool.on('error', () => {});
    await pool.query(WALLET_SCHEMA);
    await pool.query('INSERT INTO accounts VALUES ($1, $2)', [HOUSE, COINS]);
    const bundle = join(HOLDFAST_DIR, 'test-casino', `casino-${process.pid}.mjs`);
    await buildServer(`export * from './docs/writing-a-game/games/casino/src/index.ts';`, bundle);
    const env = {
      TEST_CASINO: bundle,
      TEST_WALLET: postgres.url,
      TEST_WALLET_STOP: join(dir, 'stop'),
      TEST_WALLET_REACHED: join(dir, 'reached'),
    };
    const fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2, testGames: { turnMs: 60_000 }, redis: { appendonly: true }, env });
    const again = () => startPostgres({ postgres: found, dir: home, port: postgres.port });
    return new WalletFleet(dir, home, bundle, fleet, postgres, again, pool);
  }

  /** Starts a game of two players with an account each. */
  async play(): Promise<Game<Casino>> {
    const game = await this.fleet.twoPlayersInAGame<Casino>('casino');
    for (const { user } of game.players) await this.pool.query('INSERT INTO accounts VALUES ($1, $2)', [user, COINS]);
    return game;
  }

  /**
   * Places a bet. When the wallet has reached `point`, kills `victim` and lets the wallet continue. Returns the bet when it is decided and
   * the wallet agrees with the game.
   */
  async betAndKill(room: Room<Casino>, coins: number, point: WalletPoint | null, victim: Victim | null): Promise<Bet> {
    const before = room.state?.bets.length ?? 0;
    await rm(join(this.dir, 'reached'), { force: true });
    if (point) await writeFile(join(this.dir, 'stop'), point);
    const sent = room.send('bet', { coins });
    sent.catch(() => {});
    if (point) await until(async () => (await readFile(join(this.dir, 'reached'), 'utf8').catch(() => '')) !== '', 20_000);
    if (victim) await this.kill(victim, room);
    await rm(join(this.dir, 'stop'), { force: true });
    if (victim) await this.replace(victim);
    await sent;
    await room.waitFor(({ state }) => (state?.bets.length ?? 0) > before && state?.bets[before]?.status !== 'charging', {
      timeoutMs: 30_000,
    });
    const bet = room.state?.bets[before] as Bet;
    await until(async () => (await this.statusOf(bet)) === expectedStatus(bet), 30_000);
    return bet;
  }

  async killAndReplace(victim: Victim, room: Room<Casino>): Promise<void> {
    await this.kill(victim, room);
    await this.replace(victim);
  }

  /** Waits until all bets of the rooms are decided and the wallet agrees with each bet. */
  async decided(rooms: readonly Room<Casino>[]): Promise<void> {
    const agrees = async (bet: Bet): Promise<boolean> => bet.status !== 'charging' && (await this.statusOf(bet)) === expectedStatus(bet);
    const all = async (): Promise<boolean> =>
      (await Promise.all(rooms.flatMap(({ state }) => (state?.bets ?? []).map(agrees)))).every(Boolean);
    await until(all, 60_000);
  }

  /** Deletes all bets from the wallet, so that it contains only the bets of later games. Call it only when no bet is open. */
  async forget(): Promise<void> {
    await this.pool.query('TRUNCATE bets');
    await this.pool.query('DELETE FROM accounts WHERE player <> $1', [HOUSE]);
    await this.pool.query('UPDATE accounts SET coins = $1', [COINS]);
  }

  /**
   * Compares the wallet with the games of these rooms. Returns the differences as sentences: coins that appeared or disappeared, and bets
   * whose status differs.
   */
  async flaws(rooms: readonly Room<Casino>[]): Promise<string[]> {
    const flaws: string[] = [];
    const { rows: accounts } = await this.pool.query('SELECT player, coins FROM accounts');
    const sum = accounts.reduce((total, { coins }) => total + Number(coins), 0);
    if (sum !== COINS * accounts.length) flaws.push(`all accounts have ${sum} coins, not ${COINS * accounts.length}`);
    const { rows } = await this.pool.query('SELECT id, player, coins, payout, status FROM bets');
    const stored = new Map(rows.map((row) => [row.id as string, row]));
    const expected = new Map<string, number>(accounts.map(({ player }) => [player as string, COINS]));
    const pay = (player: string, coins: number): void => {
      expected.set(player, (expected.get(player) ?? 0) + coins);
      expected.set(HOUSE, (expected.get(HOUSE) ?? 0) - coins);
    };
    for (const bet of rooms.flatMap(({ state }) => state?.bets ?? [])) {
      const row = stored.get(bet.id);
      stored.delete(bet.id);
      if (row?.status !== expectedStatus(bet)) flaws.push(`the game has ${JSON.stringify(bet)}, and the wallet ${JSON.stringify(row)}`);
      if (bet.status === 'won' || bet.status === 'lost') pay(bet.user, bet.status === 'won' ? bet.coins : -bet.coins);
    }
    for (const row of stored.values()) flaws.push(`the wallet has a bet that no game has: ${JSON.stringify(row)}`);
    for (const { player, coins } of accounts)
      if (Number(coins) !== expected.get(player)) flaws.push(`${player} has ${coins} coins, not ${expected.get(player)}`);
    return flaws;
  }

  async stop(): Promise<void> {
    await this.fleet.stop();
    await this.pool.end();
    await this.postgres.kill();
    for (const path of [this.dir, this.home, this.bundle]) await rm(path, { recursive: true, force: true });
  }

  private async statusOf({ id }: Bet): Promise<string | undefined> {
    const found = await this.pool.query('SELECT status FROM bets WHERE id = $1', [id]).catch(() => null);
    return found?.rows[0]?.status as string | undefined;
  }

  private async kill(victim: Victim, room: Room<Casino>): Promise<void> {
    const { fleet } = this;
    switch (victim) {
      case 'game server': {
        const owner = await fleet.ownerOf(room);
        owner.kill();
        await owner.exited;
        return;
      }
      case 'gateway':
      case 'lobby': {
        const [first] = victim === 'gateway' ? fleet.gateways : fleet.lobbies;
        first!.kill();
        await first!.exited;
        return;
      }
      case 'Redis':
        return fleet.redis.kill();
      case 'PostgreSQL':
        return this.postgres.kill();
    }
  }

  private async replace(victim: Victim): Promise<void> {
    const { fleet } = this;
    switch (victim) {
      case 'game server':
        this.servers += 1;
        await fleet.start('game', `next-${this.servers}`);
        break;
      case 'gateway':
      case 'lobby': {
        const dead = (victim === 'gateway' ? fleet.gateways : fleet.lobbies).find(({ exit }) => exit !== null);
        if (dead) await fleet.restart(dead);
        break;
      }
      case 'Redis':
        await fleet.redis.startAgain();
        break;
      case 'PostgreSQL':
        this.postgres = await this.restartPostgres();
    }
  }
}

/** Returns the status that a bet of the game must have in the wallet after all effects have run. */
function expectedStatus({ status }: Bet): string {
  switch (status) {
    case 'won':
    case 'lost':
      return 'settled';
    case 'charging':
      return 'charged';
    default:
      return status;
  }
}

export type { Casino, Session };

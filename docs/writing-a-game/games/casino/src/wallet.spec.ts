import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findPostgres } from '../../../../../tools/postgres/find-postgres.mjs';
import { startPostgres } from '../../../../../tools/postgres/start-postgres.mjs';
import { HOUSE, WALLET_SCHEMA, Wallet } from './wallet.js';

const CHARGE = { key: 'k', roomId: 'r' };

/** Needs a PostgreSQL: from the PATH, or from Debian's package. */
describe('the wallet', () => {
  let missing: string | null = null;
  let stop = async (): Promise<void> => {};
  let pool: pg.Pool;
  let wallet: Wallet;

  beforeAll(async () => {
    const postgres = await findPostgres();
    if ('missing' in postgres) {
      missing = postgres.missing;
      return;
    }
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-wallet-'));
    const server = await startPostgres({ postgres, dir });
    pool = new pg.Pool({ connectionString: server.url, max: 20 });
    wallet = new Wallet(pool);
    await pool.query(WALLET_SCHEMA);
    stop = async () => {
      await pool.end();
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    };
  }, 60_000);
  afterAll(() => stop());

  const wallets = (name: string, act: () => Promise<void>): void =>
    it(name, async () => {
      if (missing !== null) return void process.stderr.write(`skipped: ${missing}\n`);
      await pool.query('TRUNCATE accounts, bets');
      await pool.query(`INSERT INTO accounts VALUES ('ann', 100), ('bob', 5), ('${HOUSE}', 0)`);
      await act();
      const { rows } = await pool.query('SELECT sum(coins) AS coins FROM accounts');
      expect(Number(rows[0].coins)).toBe(105);
    });
  const coinsOf = async (player: string): Promise<number> =>
    Number((await pool.query('SELECT coins FROM accounts WHERE player = $1', [player])).rows[0].coins);
  const charge = (bet: string, user = 'ann', coins = 10) => wallet.charge({ ...CHARGE, data: { bet, user, coins } });
  const voided = (bet: string, user = 'ann', coins = 10) => wallet.void({ ...CHARGE, data: { bet, user, coins } });
  const settle = (bet: string, payout: number) => wallet.settle({ ...CHARGE, data: { bet, payout } });

  wallets('charges a bet once, however often and in parallel the effect runs', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => charge('a')));
    expect(new Set(results.map(({ left }) => left))).toEqual(new Set([90]));
    expect(await coinsOf('ann')).toBe(90);
  });

  wallets('refuses a bet once and for all, also when the player gets coins before the effect runs again', async () => {
    await expect(charge('a', 'bob')).rejects.toMatchObject({ code: 'no-money' });
    await pool.query(`UPDATE accounts SET coins = coins + 50 WHERE player = 'bob'`);
    await expect(charge('a', 'bob')).rejects.toMatchObject({ code: 'no-money' });
    expect(await coinsOf('bob')).toBe(55);
    await pool.query(`UPDATE accounts SET coins = coins - 50 WHERE player = 'bob'`);
  });

  wallets('pays a bet out once', async () => {
    await charge('a');
    await Promise.all(Array.from({ length: 8 }, () => settle('a', 20)));
    expect(await coinsOf('ann')).toBe(110);
  });

  wallets('returns the coins of a void bet, whether the charge came before, after or at the same time', async () => {
    await charge('before');
    await voided('before');
    await voided('after');
    await expect(charge('after')).rejects.toMatchObject({ code: 'void' });
    await Promise.all([voided('during'), charge('during').catch(() => {}), voided('during'), charge('during').catch(() => {})]);
    await settle('during', 20);
    expect(await coinsOf('ann')).toBe(100);
  });
});

import { type Effect, EffectHandler, refuse } from '@holdfast/game-kit';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { Casino, type Charge, type Charged } from './casino.js';

export const WALLET_POOL = Symbol('WalletPool');

/** The account that gets lost bets and pays won ones. It may owe coins. */
export const HOUSE = 'house';

export const WALLET_SCHEMA = `
  CREATE TABLE accounts (player text PRIMARY KEY, coins bigint NOT NULL CHECK (coins >= 0 OR player = '${HOUSE}'));
  CREATE TABLE bets (
    id text PRIMARY KEY,
    player text NOT NULL,
    coins bigint NOT NULL,
    payout bigint,
    status text NOT NULL CHECK (status IN ('charged', 'refused', 'void', 'settled'))
  );
`;

/**
 * Moves coins for the bets of a casino. Each method may run twice, also at the same time on two servers: the row of the bet says what has
 * happened already. The first transaction that inserts the row decides; another one waits for its commit.
 */
@Injectable()
export class Wallet implements OnModuleDestroy {
  constructor(@Inject(WALLET_POOL) private readonly pool: Pool) {}

  @EffectHandler(Casino, 'charge')
  async charge({ data: { bet, user, coins } }: Effect<Charge>): Promise<Charged> {
    const { status, left } = await this.inTransaction(async (sql) => {
      if (await this.insert(sql, bet, user, coins, 'charged')) await this.take(sql, bet, user, coins);
      const known = await sql.query('SELECT status FROM bets WHERE id = $1', [bet]);
      const account = await sql.query('SELECT coins FROM accounts WHERE player = $1', [user]);
      return { status: known.rows[0].status as string, left: Number(account.rows[0]?.coins ?? 0) };
    });
    if (status === 'refused') throw refuse('no-money', `The wallet has ${left} coins.`);
    if (status === 'void') throw refuse('void');
    return { left };
  }

  @EffectHandler(Casino, 'settle')
  async settle({ data: { bet, payout } }: Effect<{ bet: string; payout: number }>): Promise<void> {
    await this.inTransaction(async (sql) => {
      const settled = await sql.query(
        `UPDATE bets SET status = 'settled', payout = $2 WHERE id = $1 AND status = 'charged' RETURNING player`,
        [bet, payout],
      );
      if (settled.rowCount === 1) await this.move(sql, settled.rows[0].player as string, payout);
    });
  }

  @EffectHandler(Casino, 'void')
  async void({ data: { bet, user, coins } }: Effect<Charge>): Promise<void> {
    await this.inTransaction(async (sql) => {
      // A charge that comes later finds this row, and charges nothing.
      if (await this.insert(sql, bet, user, coins, 'void')) return;
      const voided = await sql.query(`UPDATE bets SET status = 'void' WHERE id = $1 AND status = 'charged'`, [bet]);
      if (voided.rowCount === 1) await this.move(sql, user, coins);
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.end();
  }

  private async insert(sql: PoolClient, bet: string, user: string, coins: number, status: string): Promise<boolean> {
    const inserted = await sql.query('INSERT INTO bets (id, player, coins, status) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
      bet,
      user,
      coins,
      status,
    ]);
    return inserted.rowCount === 1;
  }

  private async take(sql: PoolClient, bet: string, user: string, coins: number): Promise<void> {
    const { rows } = await sql.query('SELECT coins FROM accounts WHERE player = $1 FOR UPDATE', [user]);
    if (Number(rows[0]?.coins ?? 0) >= coins) await this.move(sql, user, -coins);
    else await sql.query(`UPDATE bets SET status = 'refused' WHERE id = $1`, [bet]);
  }

  /** Moves coins from the house to the player. Always locks the player's account first, so two transactions never wait for each other. */
  private async move(sql: PoolClient, user: string, coins: number): Promise<void> {
    await sql.query('UPDATE accounts SET coins = coins + $2 WHERE player = $1', [user, coins]);
    await sql.query('UPDATE accounts SET coins = coins - $2 WHERE player = $1', [HOUSE, coins]);
  }

  /** Runs `work` in a transaction. After a failure the connection is closed, which rolls the transaction back. */
  private async inTransaction<Result>(work: (sql: PoolClient) => Promise<Result>): Promise<Result> {
    const sql = await this.pool.connect();
    let isDone = false;
    try {
      await sql.query('BEGIN');
      const result = await work(sql);
      await sql.query('COMMIT');
      isDone = true;
      return result;
    } finally {
      sql.release(!isDone);
    }
  }
}

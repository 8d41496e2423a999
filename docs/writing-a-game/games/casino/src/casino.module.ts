import { type DynamicModule, Logger, Module } from '@nestjs/common';
import pg from 'pg';
import { Casino } from './casino.js';
import { WALLET_POOL, Wallet } from './wallet.js';

@Module({})
export class CasinoModule {
  /** @param url the address of the wallet: `postgres://user@host/database` */
  static forRoot(url: string): DynamicModule {
    return { module: CasinoModule, providers: [Casino, Wallet, { provide: WALLET_POOL, useFactory: () => poolOf(url) }] };
  }
}

/** Each wait has a limit, so that a handler fails and is tried again. The limits are shorter than the time limit of the bet. */
function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 2_000,
    query_timeout: 3_000,
    // PostgreSQL ends the transaction of a server that was lost in the middle of it.
    idle_in_transaction_session_timeout: 3_000,
  });
  pool.on('error', (error) => new Logger('Wallet').warn(`A connection to the wallet was lost: ${error.message}`));
  return pool;
}

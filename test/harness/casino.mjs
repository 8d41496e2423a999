// The casino of docs/writing-a-game.md, whose wallet stops at chosen points of its transactions. Settings of its server:
// - TEST_CASINO: the bundle of the game, which `wallet-fleet.ts` makes.
// - TEST_WALLET: the address of the wallet in PostgreSQL.
// - TEST_WALLET_STOP: a file with the point at which the wallet stops, such as `charge: before COMMIT`. The wallet continues when the file
// is gone.
// - TEST_WALLET_REACHED: a file to which the wallet appends a line with the name of its server when it stops.
import { appendFileSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { TEST_CASINO, TEST_WALLET = '', TEST_WALLET_STOP = '', TEST_WALLET_REACHED = '', SERVER_NAME } = process.env;

/** @typedef {{ query: (text: string, values?: unknown[]) => Promise<unknown>, isWatched?: boolean }} Client */
/** @typedef {{ connect: () => Promise<Client> }} Pool */

/** The module with the game. Empty without TEST_CASINO. */
export const CasinoModules = TEST_CASINO ? [await stoppable(TEST_CASINO)] : [];

/** @param {string} bundle */
async function stoppable(bundle) {
  const { CasinoModule, WALLET_POOL } = await import(pathToFileURL(bundle).href);
  const module = CasinoModule.forRoot(TEST_WALLET);
  for (const provider of module.providers) {
    if (provider.provide !== WALLET_POOL) continue;
    const { useFactory } = provider;
    provider.useFactory = () => watched(useFactory());
  }
  return module;
}

/** @param {Pool} pool */
function watched(pool) {
  const connect = pool.connect.bind(pool);
  pool.connect = async () => {
    const client = await connect();
    if (client.isWatched) return client;
    client.isWatched = true;
    const query = client.query.bind(client);
    let transaction = '';
    client.query = async (text, values) => {
      if (text.startsWith('INSERT INTO bets')) transaction = values?.[3] === 'void' ? 'void' : 'charge';
      if (text.includes("'settled'")) transaction = 'settle';
      const verb = text.trim().split(' ')[0];
      await stopAt(`${transaction}: before ${verb}`);
      const result = await query(text, values);
      await stopAt(`${transaction}: after ${verb}`);
      if (verb === 'COMMIT') transaction = '';
      return result;
    };
    return client;
  };
  return pool;
}

/** @param {string} point */
async function stopAt(point) {
  if (stop() !== point) return;
  appendFileSync(TEST_WALLET_REACHED, `${SERVER_NAME}\n`);
  while (stop() === point) await new Promise((resolve) => setTimeout(resolve, 20));
}

function stop() {
  try {
    return readFileSync(TEST_WALLET_STOP, 'utf8');
  } catch {
    return '';
  }
}

import type { Redis } from 'ioredis';
import { readReplication } from '#libs/redis';
import { FleetError } from './admin-client.js';
import { ownReplica } from './store-replica.js';
import { within } from './within.js';

/**
 * Maximum duration for which the old Redis accepts no writes while the new one copies the last data, in ms. After this time, the old Redis
 * accepts writes again.
 */
const SWITCH_MS = 5_000;
/** Further time limit for the new Redis to become the primary, in ms. After this time, the command aborts the switch. */
const TAKE_OVER_MS = 1_000;

/** Returns whether a `FAILOVER` of the old Redis is in progress, from this call or an earlier one. */
export async function isSwitching(old: Redis): Promise<boolean> {
  return /^master_failover_state:(?!no-failover)/m.test(await old.info('replication'));
}

/** Swaps the roles. Returns the duration, in ms. @throws FleetError when the new Redis does not become the primary */
export async function switchRoles(old: Redis, next: Redis): Promise<number> {
  const replica = await ownReplica(old, next);
  if (replica === null)
    throw new FleetError('unavailable', 'The new Redis is not connected to the old one any more. The fleet continues on the old one.');
  const startedAt = performance.now();
  await begin(old, replica);
  await awaitSwitch(old, next);
  return Math.round(performance.now() - startedAt);
}

/**
 * Waits until the new Redis is the primary. If it does not become the primary in time, aborts the switch.
 *
 * @throws FleetError when the new Redis is not the primary
 */
export async function awaitSwitch(old: Redis, next: Redis): Promise<void> {
  try {
    await within(
      SWITCH_MS + TAKE_OVER_MS,
      async () => {
        if (await isPrimary(next)) return true;
        if (await isSwitching(old)) return false;
        if (await isPrimary(next)) return true;
        throw new FleetError('unavailable', `The new Redis did not catch up within ${SWITCH_MS} ms.`);
      },
      'The new Redis did not take over in time.',
    );
  } catch (error) {
    await abort(old, next, (error as Error).message);
  }
}

/** Sends `FAILOVER`. Ignores an error of the connection, because the switch has perhaps begun nevertheless. */
async function begin(old: Redis, { ip, port }: { readonly ip: string; readonly port: string }): Promise<void> {
  try {
    await old.call('FAILOVER', 'TO', ip, port, 'TIMEOUT', String(SWITCH_MS));
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ReplyError' && !/already in progress/.test(message))
      throw new FleetError('unavailable', `The old Redis refused to switch: ${message}. The fleet continues on it.`);
  }
}

/**
 * Aborts a switch that did not succeed, so that the old Redis accepts writes again. Does so only if the new Redis answers that it is still
 * a replica. If it were the primary, there would be two primaries after the abort.
 */
async function abort(old: Redis, next: Redis, problem: string): Promise<void> {
  const isNextPrimary = await isPrimary(next).catch(() => null);
  if (isNextPrimary === true) return;
  if (isNextPrimary === null)
    throw new FleetError(
      'unavailable',
      `${problem} The new Redis does not answer, so it may have taken over. Repeat the command: it continues the move. If the new Redis is lost, send FAILOVER ABORT to the old one.`,
    );
  try {
    await old.call('FAILOVER', 'ABORT');
  } catch (error) {
    // Redis refuses to abort when no switch is in progress. In that case, the old Redis already accepts writes again.
    if ((error as Error).name !== 'ReplyError')
      throw new FleetError('unavailable', `${problem} FAILOVER ABORT could not be sent to the old Redis: ${(error as Error).message}`);
  }
  if (await isPrimary(next).catch(() => false))
    throw new FleetError('unavailable', `${problem} Both are primaries now: look at \`INFO replication\` of both.`);
  throw new FleetError(
    'unavailable',
    `${problem} The fleet continues on the old one. Repeat the command once the old Redis can connect to the new one; its log says why it could not.`,
  );
}

async function isPrimary(client: Redis): Promise<boolean> {
  return readReplication(await client.info('replication')).role === 'master';
}

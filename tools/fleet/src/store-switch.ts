import type { Redis } from 'ioredis';
import { readReplication } from '#libs/redis';
import { FleetError } from './admin-client.js';
import { ownReplica } from './store-replica.js';
import { within } from './within.js';

/**
 * Time for which the old Redis may hold writes back while the new one catches up, in ms. After this time, the old Redis accepts writes
 * again.
 */
const SWITCH_MS = 5_000;
/** Further time for the new Redis to take over once it has caught up, in ms. After this time, the command ends the switch. */
const TAKE_OVER_MS = 1_000;

/** Returns whether a `FAILOVER` of the old Redis is in progress, from this call or an earlier one. */
export async function isSwitching(old: Redis): Promise<boolean> {
  return /^master_failover_state:(?!no-failover)/m.test(await old.info('replication'));
}

/** Swaps the roles. Returns the duration, in ms. @throws FleetError when the new Redis did not take over */
export async function switchRoles(old: Redis, next: Redis): Promise<number> {
  const replica = await ownReplica(old, next);
  if (replica === null)
    throw new FleetError('unavailable', 'The new Redis is not connected to the old one any more. The fleet continues on the old one.');
  const startedAt = performance.now();
  await begin(old, replica);
  await awaitSwitch(old, next);
  return Math.round(performance.now() - startedAt);
}

/** Waits until the new Redis has taken over. Otherwise ends the switch. @throws FleetError when the new Redis did not take over */
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

/** Sends `FAILOVER`. An error that is no reply of Redis is ignored, because the switch may have begun. */
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
 * Ends a switch that did not succeed, so that the old Redis accepts writes again. Does so only while the new Redis answers that it is a
 * replica. Otherwise servers may have moved to it, and an old Redis that accepts writes again would be a second primary.
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

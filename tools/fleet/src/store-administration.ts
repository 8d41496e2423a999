import type { Redis } from 'ioredis';
import { FleetError } from './admin-client.js';

/** Reads a setting of Redis. An unknown setting is ''. @throws FleetError when this login may not read it */
export async function readSetting(client: Redis, name: string): Promise<string> {
  return ((await administer(client, 'CONFIG', 'GET', name)) as string[])[1] ?? '';
}

/**
 * Sends a command that only an administrator may send.
 *
 * @throws FleetError when Redis does not have this command, or refuses it to this login. Rejects with other errors as they are
 */
export async function administer(client: Redis, command: string, ...words: readonly string[]): Promise<unknown> {
  try {
    return await client.call(command, ...words);
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== 'ReplyError' || !/^NOPERM|unknown command/i.test(message)) throw error;
    const { host, port } = client.options;
    throw new FleetError(
      'conflict',
      `Redis at ${host}:${port} refuses ${command} (${message.slice(0, 200)}). The move needs CONFIG, REPLICAOF and FAILOVER at both. Use the login of an administrator. ` +
        'A managed service that has no such login cannot be moved to or from with this command.',
    );
  }
}

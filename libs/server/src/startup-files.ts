import { RedisAccess } from '#libs/redis';
import type { SettingsOf } from '#libs/settings';
import { certificateFrom } from '#libs/tls';
import type { CommonSettings } from './core.module.js';
import { readExtension } from './extension-files.js';
import { redisOptions } from './redis-options.js';

/** The settings that name files. `edge`: the settings of the public port, which only a gateway has. */
type FileSettings = Pick<CommonSettings, 'server' | 'redis' | 'link' | 'ops'> & Partial<Pick<SettingsOf<'gateway'>, 'edge'>>;

/**
 * Reads the files that a server with these settings reads at its start: passwords, certificates, keys and extensions. Returns the errors
 * with which the server would refuse them. Connects to nothing, and runs no code of an extension. `readSettings` has already read the files
 * of secrets.
 */
export function startupFileProblems({ server, redis, link, ops, edge }: FileSettings): string[] {
  const reads: readonly (() => unknown)[] = [
    () => new RedisAccess(redisOptions(redis)),
    () => certificateFrom(link, 'LINK'),
    () => certificateFrom(ops, 'OPS'),
    () => edge && certificateFrom(edge, 'PUBLIC'),
    ...server.extensions.map((path) => () => readExtension(path)),
  ];
  return reads.flatMap((read) => {
    try {
      read();
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

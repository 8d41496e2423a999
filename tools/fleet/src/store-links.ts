import type { Redis } from 'ioredis';
import { parseRedisUrl, redacted } from '#libs/redis-url';
import { FleetError } from './admin-client.js';
import { administer, readSetting } from './store-administration.js';
import { type AddressOption, usesTls } from './store-client.js';

/** A Redis, and the address to which it must be able to connect as a replica. */
interface Link {
  readonly client: Redis;
  readonly option: AddressOption;
  readonly url: string;
  readonly primaryUrl: string;
}

interface Change {
  readonly link: Link;
  readonly name: string;
  readonly value: string;
  readonly earlier: string;
}

/**
 * Gives each Redis the login, and `tls-replication`, with which it can be a replica of the other one: the new Redis before the switch, and
 * the old one after it. When a Redis refuses a setting, both get their earlier settings back.
 *
 * @throws FleetError that names the setting
 */
export async function prepareLinks(old: Redis, next: Redis, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const links: readonly Link[] = [
    { client: next, option: '--to', url: to, primaryUrl: from },
    { client: old, option: '--from', url: from, primaryUrl: to },
  ];
  const changes = (await Promise.all(links.map(changesOf))).flat();
  const done: Change[] = [];
  try {
    for (const change of changes) {
      await apply(change);
      done.push(change);
    }
  } catch (error) {
    for (const { link, name, earlier } of done.reverse()) await link.client.config('SET', name, earlier).catch(() => {});
    throw error;
  }
}

/**
 * Returns the changes to the settings of a Redis with which it can replicate from its primary.
 * @throws FleetError when the primary has a URL with TLS but this Redis cannot use TLS, or when this Redis replicates only over TLS but the
 * primary has a URL without TLS
 */
async function changesOf(link: Link): Promise<Change[]> {
  const { client, option, url, primaryUrl } = link;
  const wanted = new Map<string, string>();
  const { user = '', password } = parseRedisUrl(primaryUrl).login;
  if (password !== undefined) wanted.set('masteruser', user).set('masterauth', password);
  const tlsReplication = await readSetting(client, 'tls-replication');
  if (usesTls(primaryUrl)) {
    if (tlsReplication === '')
      refuse(`Redis at ${redacted(url)} (${option}) was built without TLS, so it cannot replicate from a Redis with TLS.`);
    wanted.set('tls-replication', 'yes');
  } else if (tlsReplication === 'yes') {
    refuse(
      `Redis at ${redacted(url)} (${option}) has tls-replication yes, so it would connect to ${redacted(primaryUrl)} with TLS. Use rediss:// and the tls-port in --from and --to, or set tls-replication no in this Redis.`,
    );
  }
  const changes: Change[] = [];
  for (const [name, value] of wanted) {
    const earlier = await readSetting(client, name);
    if (earlier !== value) changes.push({ link, name, value, earlier });
  }
  return changes;
}

async function apply({ link: { client, option, url, primaryUrl }, name, value }: Change): Promise<void> {
  try {
    await administer(client, 'CONFIG', 'SET', name, value);
  } catch (error) {
    if ((error as Error).name !== 'ReplyError') throw error;
    const { message } = error as Error;
    if (name !== 'tls-replication') refuse(`Redis at ${redacted(url)} (${option}) refuses CONFIG SET ${name}: ${message}`);
    refuse(
      `Redis at ${redacted(url)} (${option}) refuses CONFIG SET tls-replication yes: ${message} It needs this setting to replicate from ${redacted(primaryUrl)}, and for it tls-cert-file, tls-key-file and tls-ca-cert-file.`,
    );
  }
}

function refuse(message: string): never {
  throw new FleetError('conflict', message);
}

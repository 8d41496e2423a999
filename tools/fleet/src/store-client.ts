import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type ConnectionNames, connect, connectionAdvice, connectionErrorText, type RedisTls } from '#libs/redis';
import { parseRedisUrl, redacted } from '#libs/redis-url';
import { ClientTls } from '#libs/tls';
import { FleetError } from './admin-client.js';

/** The paths of the PEM files with which the command connects over TLS, and the name that both certificates must contain. */
export type StoreTls = Pick<RedisTls, 'ca' | 'cert' | 'key' | 'name'>;

/** The options of the command with the addresses of the two Redis servers. */
export type AddressOption = '--from' | '--to';

const TLS_OPTIONS = { ca: '--tls-ca', cert: '--tls-cert', key: '--tls-key', name: '--tls-name' } as const satisfies Record<
  keyof StoreTls,
  string
>;

/** Checks the addresses and the TLS options before the command connects. @throws FleetError that says what is allowed */
export function refuseWrongOptions(urls: Readonly<Record<AddressOption, string>>, tls: StoreTls): void {
  for (const [option, url] of Object.entries(urls)) {
    if (!isSingle(url)) refuse(`${option} is ${JSON.stringify(redacted(url))}: it must be redis://HOST:PORT or rediss://HOST:PORT.`);
  }
  const [fromTls, toTls] = [usesTls(urls['--from']), usesTls(urls['--to'])];
  if (fromTls !== toTls) {
    const [withTls, without] = fromTls ? ['--from', '--to'] : ['--to', '--from'];
    refuse(
      `Only ${withTls} has rediss://: both must have it, or neither, because each Redis connects to the other one. ` +
        `Give the Redis of ${without} a tls-port, or the Redis of ${withTls} a port without TLS, and use that port here. ` +
        'The servers may use other ports of the same Redis. See "TLS" in docs/operations.md, "Move to another Redis".',
    );
  }
  const given = (Object.keys(TLS_OPTIONS) as (keyof StoreTls)[]).filter((name) => tls[name] != null);
  if (!fromTls && given.length > 0) refuse(`${TLS_OPTIONS[given[0]!]} is set: it must not be set unless --from and --to have rediss://.`);
  if ((tls.cert == null) !== (tls.key == null)) {
    const [set, missing] = tls.cert == null ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
    refuse(`${missing} is not set: it must be the path that belongs to ${set}.`);
  }
  try {
    new ClientTls(tls, TLS_OPTIONS);
  } catch (error) {
    refuse(`${(error as Error).message}.`);
  }
}

/** Returns whether the address has `rediss://`. */
export function usesTls(url: string): boolean {
  return parseRedisUrl(url).isTls;
}

/**
 * Time for which further attempts to connect may find out why Redis resets connections, in ms. A Redis that refuses a certificate often
 * closes the connection before the client has read the reason.
 */
const RESET_MS = 1_000;
const RESET = /ECONNRESET/;

/** A connection to one of the two Redis servers. Once it is open, it reconnects by itself. */
export class StoreClient {
  readonly client: Redis;
  private readonly errors: string[] = [];

  constructor(
    private readonly option: AddressOption,
    private readonly url: string,
    tls: StoreTls,
  ) {
    this.client = connect({ url, name: 'move-store', tls }) as Redis;
    this.client.on('error', (error: Error) => this.errors.push(connectionErrorText(error)));
  }

  /** @throws FleetError with advice when Redis does not answer */
  async open(): Promise<void> {
    const failure = await this.client.connect().then(
      () => null,
      (error: Error) => error.message,
    );
    if (failure === null) return;
    const deadline = performance.now() + RESET_MS;
    while (this.errors.length > 0 && this.errors.every((text) => RESET.test(text)) && performance.now() < deadline) await sleep(20);
    const why = this.errors.find((text) => !RESET.test(text)) ?? this.errors[0] ?? failure;
    throw new FleetError('unavailable', `Redis at ${redacted(this.url)} (${this.option}) ${connectionAdvice(why, namesFor(this.option))}.`);
  }

  close(): void {
    this.client.disconnect();
  }
}

function namesFor(option: AddressOption): ConnectionNames {
  return {
    client: 'this command',
    url: option,
    tlsCa: '--tls-ca',
    tlsCert: '--tls-cert',
    tlsKey: '--tls-key',
    tlsName: '--tls-name',
    login: `Write USER:PASSWORD@ of an administrator before the host in ${option}`,
  };
}

function isSingle(url: string): boolean {
  try {
    return parseRedisUrl(url).kind === 'single';
  } catch {
    return false;
  }
}

function refuse(message: string): never {
  throw new FleetError('bad-data', message);
}

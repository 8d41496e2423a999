import { readFileSync } from 'node:fs';
import { parseRedisUrl, type RedisTarget } from '#libs/redis-url';
import { ClientTls } from '#libs/tls';
import type { RedisLogin, RedisOptions } from './redis.options.js';

/** The options of Node's TLS for one connection. */
export type RedisTlsOptions = Readonly<Record<string, unknown>>;

/** The credentials for one new connection. Read them again for each connection, because the password can change. */
export interface RedisCredentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/**
 * The addresses, credentials and TLS options with which this process reaches Redis. Read credentials and options for each new connection,
 * because passwords and certificates can change while the process runs.
 */
export class RedisAccess {
  private current: { readonly url: string; readonly target: RedisTarget };
  private readonly tlsFiles: ClientTls;
  private readonly isTlsSet: boolean;
  private readonly tlsName: string | null;
  private readonly isSentinelTls: boolean;
  private readonly login: RedisLogin;
  private password: RenewablePassword;
  private readonly sentinelPassword: RenewablePassword;
  private readonly sentinelUser: string | undefined;

  /** @throws an error that names the setting and the problem */
  constructor({ url, urlFile, login = {}, tls, sentinel = {} }: Pick<RedisOptions, 'url' | 'urlFile' | 'login' | 'tls' | 'sentinel'>) {
    const first = (urlFile == null ? null : readUrlFile(urlFile)) ?? url;
    this.current = { url: first, target: parseRedisUrl(first) };
    this.login = login;
    this.password = this.passwordFor(this.target);
    this.sentinelUser = sentinel.login?.user ?? undefined;
    this.sentinelPassword = new RenewablePassword(sentinel.login ?? {}, 'REDIS_SENTINEL_PASSWORD_FILE');
    this.isSentinelTls = sentinel.isTls === true;
    this.tlsName = tls?.name ?? null;
    this.isTlsSet = tls?.isOn === true;
    this.tlsFiles = new ClientTls(tls ?? {}, { ca: 'REDIS_TLS_CA', cert: 'REDIS_TLS_CERT', key: 'REDIS_TLS_KEY' });
  }

  /** The address, as in `REDIS_URL`. */
  get url(): string {
    return this.current.url;
  }

  get target(): RedisTarget {
    return this.current.target;
  }

  /** Uses another address, and the credentials in it, for all further connections. @throws an error when the address is not valid */
  moveTo(url: string): void {
    this.current = { url, target: parseRedisUrl(url) };
    this.password = this.passwordFor(this.target);
  }

  /** The credentials for the data nodes. */
  get credentials(): RedisCredentials {
    return { user: this.login.user ?? this.target.login.user, password: this.password.current() };
  }

  get sentinelCredentials(): RedisCredentials {
    return { user: this.sentinelUser, password: this.sentinelPassword.current() };
  }

  /** The TLS options for the data nodes. Undefined: the connections do not use TLS. */
  get tls(): RedisTlsOptions | undefined {
    return this.isTlsSet || this.target.isTls ? this.tlsOptions() : undefined;
  }

  get sentinelTls(): RedisTlsOptions | undefined {
    return this.isSentinelTls ? this.tlsOptions() : undefined;
  }

  private passwordFor({ login }: RedisTarget): RenewablePassword {
    return new RenewablePassword({ ...this.login, password: this.login.password ?? login.password }, 'REDIS_PASSWORD_FILE');
  }

  private tlsOptions(): RedisTlsOptions {
    return { ...this.tlsFiles.options, ...(this.tlsName !== null && { servername: this.tlsName }) };
  }
}

/** Provides the password for each connection: a fixed password, or the current content of a file. */
class RenewablePassword {
  private known: string | undefined;

  /** @throws an error that names the setting, when the file cannot be read or is empty */
  constructor(
    private readonly login: RedisLogin,
    setting: string,
  ) {
    this.known = login.password ?? undefined;
    if (login.passwordFile == null) return;
    try {
      this.known = read(login.passwordFile);
    } catch (error) {
      throw new Error(`${setting} is ${JSON.stringify(login.passwordFile)}, which cannot be read: ${(error as Error).message}`);
    }
    if (this.known === '')
      throw new Error(`${setting} is ${JSON.stringify(login.passwordFile)}, which is empty. Write the password into it`);
  }

  /**
   * Returns the password for a new connection. Returns the last known password while the file is missing or empty, because the file is
   * being replaced.
   */
  current(): string | undefined {
    const { passwordFile } = this.login;
    if (passwordFile == null) return this.known;
    try {
      this.known = read(passwordFile) || this.known;
    } catch {
      // Ignores the error, because the file is being replaced. The last known password stays valid.
    }
    return this.known;
  }
}

/** Reads the address in the file of `REDIS_URL_FILE`. Null: the file is missing or empty, because it is being replaced. */
export function readUrlFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** Returns the text of a file without the line break at its end, which editors and `echo` add. */
function read(file: string): string {
  return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
}

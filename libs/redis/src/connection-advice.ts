/**
 * How an error message names the process that cannot connect, and the settings or options with which its operator can correct it.
 */
export interface ConnectionNames {
  /** The process, such as `this server`. */
  readonly client: string;
  readonly url: string;
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsName: string;
  /** The advice to the operator when Redis refuses the login, such as `Set REDIS_USER and REDIS_PASSWORD_FILE`. */
  readonly login: string;
}

const OF_SERVERS: ConnectionNames = {
  client: 'this server',
  url: 'REDIS_URL',
  tlsCa: 'REDIS_TLS_CA',
  tlsCert: 'REDIS_TLS_CERT',
  tlsKey: 'REDIS_TLS_KEY',
  tlsName: 'REDIS_TLS_NAME',
  login: 'Set REDIS_USER and REDIS_PASSWORD_FILE',
};

/**
 * Returns the text of an error of a connection, for `connectionAdvice`. The message of an OpenSSL error contains a source file and a line
 * break, so for such an error this returns only the reason.
 */
export function connectionErrorText(error: Error): string {
  const { message, reason, code } = error as NodeJS.ErrnoException & { readonly reason?: string };
  if (reason !== undefined && message.includes(':error:')) return reason;
  return message || code || String(error);
}

/**
 * Returns the reason why a process could not connect to Redis, with advice. The text is the end of a sentence that begins with
 * "Redis at …".
 */
export function connectionAdvice(lastError: string | null, names = OF_SERVERS): string {
  const why = lastError ?? 'timeout';
  const advice = adviceFor(names).find(([pattern]) => pattern.test(why));
  return advice ? `${advice[1]} (${why}). ${advice[2]}` : `does not answer (${why}). Start it, or set ${names.url} to one that answers`;
}

function adviceFor(names: ConnectionNames): readonly (readonly [pattern: RegExp, problem: string, advice: string])[] {
  return [
    [
      /sentinels.*(?:NOAUTH|WRONGPASS|NOPERM)/,
      `has sentinels that refuse ${names.client}`,
      'Set REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD_FILE',
    ],
    [/NOAUTH|WRONGPASS/, `refuses the login of ${names.client}`, names.login],
    [
      /alert (?:number \d+|certificate|bad certificate|handshake failure|unknown ca)/i,
      `refuses the certificate of ${names.client}, or requires one`,
      `Set ${names.tlsCert} and ${names.tlsKey} to a certificate and its key that Redis trusts`,
    ],
    [
      /certificate|self-signed|altnames/i,
      `has a certificate that ${names.client} does not trust`,
      `Set ${names.tlsCa} to the CA that signed it, and ${names.tlsName} when it contains another name than the host`,
    ],
    [
      /ECONNRESET/,
      'closes each connection',
      `If this port uses TLS, write rediss:// into ${names.url}. If it requires a certificate, set ${names.tlsCert} and ${names.tlsKey}`,
    ],
    [/ETIMEDOUT/, 'does not answer', `Start it, or set ${names.url} to one that answers. If this port does not use TLS, write redis://`],
  ];
}

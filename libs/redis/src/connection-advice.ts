/**
 * Returns the reason why a server could not connect to Redis, with advice. The text is the end of a sentence that begins with "Redis at …".
 */
export function connectionAdvice(lastError: string | null): string {
  const why = lastError ?? 'timeout';
  const advice = ADVICE.find(([pattern]) => pattern.test(why));
  return advice ? `${advice[1]} (${why}). ${advice[2]}` : `does not answer (${why}). Start it, or set REDIS_URL to one that answers`;
}

const ADVICE: readonly (readonly [pattern: RegExp, problem: string, advice: string])[] = [
  [
    /sentinels.*(?:NOAUTH|WRONGPASS|NOPERM)/,
    'has sentinels that refuse this server',
    'Set REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD_FILE',
  ],
  [/NOAUTH|WRONGPASS/, 'refuses the login of this server', 'Set REDIS_USER and REDIS_PASSWORD_FILE'],
  [
    /certificate|self-signed|altnames/i,
    'has a certificate that this server does not trust',
    'Set REDIS_TLS_CA to the CA that signed it, and REDIS_TLS_NAME when it contains another name than the host',
  ],
];

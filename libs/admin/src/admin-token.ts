import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares a token in constant time, so that an attacker cannot guess the token from the duration of the comparison. */
export class TokenCheck {
  private readonly digest: Buffer;

  constructor(token: string) {
    this.digest = sha256(token);
  }

  /** @param given the token of a request. Null: the request has none */
  accepts(given: string | null): boolean {
    return given !== null && timingSafeEqual(sha256(given), this.digest);
  }
}

/**
 * Returns the refusal of a request whose token is not accepted.
 *
 * @param given the token of the request. Null: the request has none
 * @param acceptedTokens the accepted tokens in words, such as `the SERVICE_TOKEN`
 */
export function refusalOf(given: string | null, acceptedTokens: string): string {
  if (given === null) return `This API needs the header "Authorization: Bearer TOKEN", with ${acceptedTokens} of this fleet.`;
  return `This token is not ${acceptedTokens} of this fleet.`;
}

export function bearerOf(header: string | undefined): string | null {
  return /^Bearer +(\S.*)$/i.exec(header ?? '')?.[1] ?? null;
}

/**
 * Returns the password that a person typed into the browser's own prompt: the token. Returns null when the header is absent, has another
 * scheme, or has no password.
 */
export function passwordOf(header: string | undefined): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (!encoded) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : null;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { HoldfastError } from '#libs/protocol';
import { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';

/** Compares a token in constant time, so that an attacker cannot guess the token from the duration of the comparison. */
export class TokenCheck {
  private readonly digest: Buffer;

  constructor(token: string) {
    this.digest = sha256(token);
  }

  accepts(given: string): boolean {
    return timingSafeEqual(sha256(given), this.digest);
  }
}

/**
 * Refuses every request of the admin API without the token. Reads the token only from the bearer header, because a browser never sends this
 * header by itself.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly check: TokenCheck;

  constructor(@Inject(ADMIN_OPTIONS) { token }: AdminOptions) {
    this.check = new TokenCheck(token);
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const refusal = refusalOf(bearerOf(headers.authorization), this.check);
    if (refusal) throw new HoldfastError('unauthorized', refusal);
    return true;
  }
}

/** Returns null when the token is accepted, else the refusal. `setting`: the name of the setting that contains the token. */
export function refusalOf(given: string | null, check: TokenCheck, setting = 'ADMIN_TOKEN'): string | null {
  if (given === null) return `This API needs the header "Authorization: Bearer TOKEN", with the ${setting} of this fleet.`;
  return check.accepts(given) ? null : `This is not the ${setting} of this fleet.`;
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

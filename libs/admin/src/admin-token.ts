import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { HoldfastError } from '#libs/protocol';
import { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';

/** Whether this is the token, in a time that does not depend on how much of it is right, nor on its length. */
export class TokenCheck {
  private readonly digest: Buffer;

  constructor(token: string) {
    this.digest = sha256(token);
  }

  accepts(given: string): boolean {
    return timingSafeEqual(sha256(given), this.digest);
  }
}

/** Nothing of the admin API answers without the token. Only a header counts: a browser sends none by itself. */
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

/** Null: let in. */
export function refusalOf(given: string | null, check: TokenCheck): string | null {
  if (given === null) return 'The admin API needs the header "Authorization: Bearer TOKEN", with the ADMIN_TOKEN of this fleet.';
  return check.accepts(given) ? null : 'This is not the ADMIN_TOKEN of this fleet.';
}

export function bearerOf(header: string | undefined): string | null {
  return /^Bearer +(\S.*)$/i.exec(header ?? '')?.[1] ?? null;
}

/** As a browser sends what a person typed into its own prompt: any name, and the token for a password. */
export function passwordOf(header: string | undefined): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (!encoded) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : null;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

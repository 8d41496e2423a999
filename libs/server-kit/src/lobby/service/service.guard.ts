import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { bearerOf, refusalOf, TokenCheck } from '#libs/admin';
import { HoldfastError } from '#libs/protocol';

export const SERVICE_OPTIONS = Symbol('ServiceOptions');

export interface ServiceOptions {
  /** The token that a request of a service must have: `Authorization: Bearer …`. Null: the API is switched off. */
  readonly token: string | null;
}

/**
 * Refuses each request to the service API that does not have the service token. The admin token gives no access to the service API, and the
 * service token gives access to nothing else.
 */
@Injectable()
export class ServiceGuard implements CanActivate {
  private readonly check: TokenCheck | null;

  constructor(@Inject(SERVICE_OPTIONS) { token }: ServiceOptions) {
    this.check = token === null ? null : new TokenCheck(token);
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this.check) throw new HoldfastError('unauthorized', 'The service API is off: set SERVICE_TOKEN of the lobbies to use it.');
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const given = bearerOf(headers.authorization);
    if (!this.check.accepts(given)) throw new HoldfastError('unauthorized', refusalOf(given, 'the SERVICE_TOKEN'));
    return true;
  }
}

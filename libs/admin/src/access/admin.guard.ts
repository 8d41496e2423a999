import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { HoldfastError } from '#libs/protocol';
import { ADMIN_OPTIONS, type AdminOptions } from '../admin.options.js';
import { bearerOf, refusalOf } from '../admin-token.js';
import { ACT_METADATA, type ActOnMetadata } from '../audit/act-metadata.js';
import { type ActRequest, newActOf } from '../audit/act-recorder.js';
import { ActTracker } from '../audit/act-tracker.js';
import { ADMIN_TOKENS, AdminTokens } from './admin-tokens.js';

/**
 * Refuses every request of the admin API without a token, and every request of a viewer that changes something. Accepts the token only in
 * the bearer header, because a browser never sends this header by itself.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly tokens: AdminTokens;

  constructor(
    @Inject(ADMIN_OPTIONS) { tokens }: AdminOptions,
    private readonly reflector: Reflector,
    private readonly acts: ActTracker,
  ) {
    this.tokens = new AdminTokens(tokens);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ActRequest & { headers: { authorization?: string } }>();
    const given = bearerOf(request.headers.authorization);
    const actor = this.tokens.ownerOf(given);
    if (!actor) throw new HoldfastError('unauthorized', refusalOf(given, ADMIN_TOKENS));
    request.actor = actor;
    if (request.method === 'GET' || request.method === 'HEAD' || actor.role === 'operator') return true;
    const refusal = new HoldfastError('forbidden', `The token of ${actor.name} may only read. Use a token of ADMIN_TOKEN for this act.`);
    const about = this.reflector.get<ActOnMetadata | undefined>(ACT_METADATA, context.getHandler());
    if (about) await this.acts.refused(newActOf(request, about, actor), refusal);
    throw refusal;
  }
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from './roles.js';

/** A request with its actor, which `AdminGuard` sets. */
export interface ActorRequest {
  actor?: Actor;
}

export const CurrentActor = createParamDecorator(
  (_: unknown, context: ExecutionContext): Actor => context.switchToHttp().getRequest<Required<ActorRequest>>().actor,
);

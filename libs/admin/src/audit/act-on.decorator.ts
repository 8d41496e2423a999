import { applyDecorators, createParamDecorator, type ExecutionContext, HttpCode, SetMetadata, UseInterceptors } from '@nestjs/common';
import type { z } from 'zod';
import type { ActReference } from '../schemas.js';
import { ACT_METADATA, type ActOnMetadata } from './act-metadata.js';
import { ActRecorder, type ActRequest } from './act-recorder.js';
import type { Act } from './audit-schemas.js';
import type { RunningAct } from './running-act.js';

/** An answer without the id of its act. `ActRecorder` adds the id. */
export type Answered<Schema extends z.ZodType> = Omit<z.infer<Schema>, keyof z.infer<typeof ActReference>>;

/**
 * Marks a route as an act: only operators may use the route, the audit log contains each use, and a successful answer has the status 200.
 */
export function ActOn(act: Act, target: string): MethodDecorator {
  return applyDecorators(HttpCode(200), SetMetadata(ACT_METADATA, { act, target } satisfies ActOnMetadata), UseInterceptors(ActRecorder));
}

/** The act of this request, for a route with `@ActOn`. */
export const CurrentAct = createParamDecorator(
  (_: unknown, context: ExecutionContext): RunningAct => context.switchToHttp().getRequest<ActRequest>().act as RunningAct,
);

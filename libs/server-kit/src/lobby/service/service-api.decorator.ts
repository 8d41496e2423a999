import { applyDecorators, Controller, StandardSchemaValidationPipe, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AdminErrorFilter, ErrorAnswer, PlainInputPipe } from '#libs/admin';
import { describeIssues, HoldfastError, type ReadLimits } from '#libs/protocol';
import { SettledGuard } from '#libs/settlement';
import { ServiceGuard } from './service.guard.js';

/** Limits of a request to the service API. The largest allowed request has a thousand users, each with an id and a name. */
const LIMITS: ReadLimits = { nodes: 8_000, depth: 24, strictText: true };

/**
 * Marks a class as a controller of the service API: the token protects it, schemas validate its requests, and all its refusals have the
 * same form.
 */
export function ServiceApi(path: string): ClassDecorator {
  return applyDecorators(
    Controller(`service/${path}`),
    UseGuards(ServiceGuard, SettledGuard),
    UseFilters(AdminErrorFilter),
    UsePipes(
      new PlainInputPipe(LIMITS),
      new StandardSchemaValidationPipe({ exceptionFactory: (issues) => new HoldfastError('bad-data', describeIssues(issues)) }),
    ),
    ApiTags(path),
    ApiBearerAuth(),
    ApiResponse({ status: 'default', description: 'A refusal.', standardSchema: ErrorAnswer }),
  );
}

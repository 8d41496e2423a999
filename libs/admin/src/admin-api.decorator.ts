import { applyDecorators, Controller, StandardSchemaValidationPipe, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiResponse, ApiTags } from '@nestjs/swagger';
import { describeIssues, HoldfastError } from '#libs/protocol';
import { AdminGuard } from './access/admin.guard.js';
import { AdminErrorFilter } from './admin-error.filter.js';
import { PlainInputPipe } from './plain-input.pipe.js';
import { ErrorAnswer } from './schemas.js';

/**
 * Marks a class as a controller of the admin API. Its requests need the token of an operator or a viewer. Schemas validate the inputs, and
 * all refusals have one form.
 */
export function AdminApi(path: string): ClassDecorator {
  return applyDecorators(
    Controller(`api/${path}`),
    UseGuards(AdminGuard),
    UseFilters(AdminErrorFilter),
    UsePipes(
      new PlainInputPipe(),
      new StandardSchemaValidationPipe({ exceptionFactory: (issues) => new HoldfastError('bad-data', describeIssues(issues)) }),
    ),
    ApiTags(path),
    ApiBearerAuth(),
    ApiResponse({ status: 'default', description: 'A refusal.', standardSchema: ErrorAnswer }),
  );
}

import { Injectable, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { type Caller, describeIssues, HoldfastError, type OperationName, type Operations } from '#libs/protocol';

/** A player's request with validated data. */
export interface ValidRequest<Name extends OperationName> {
  readonly caller: Caller;
  readonly data: Operations[Name]['data'];
}

/** Validates the data of a player's request. Returns the data in the form that the schema defines. Throws `bad-data` with the reason. */
@Injectable()
export class PlayerRequestPipe implements PipeTransform {
  constructor(private readonly schema: z.ZodType) {}

  transform({ caller, data }: { caller: Caller; data: unknown }): { caller: Caller; data: unknown } {
    const parsed = this.schema.safeParse(data ?? undefined);
    if (!parsed.success) throw new HoldfastError('bad-data', describeIssues(parsed.error.issues));
    return { caller, data: parsed.data };
  }
}

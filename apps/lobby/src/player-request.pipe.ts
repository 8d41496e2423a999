import { Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { type Caller, HoldfastError, type OperationName, type Operations } from '#libs/protocol';

/** A player's request whose data is what its schema says. */
export interface Asked<Name extends OperationName> {
  readonly caller: Caller;
  readonly data: Operations[Name]['data'];
}

/** The border: what a player sent becomes what the operation takes, or `bad-data` with the reason. */
@Injectable()
export class PlayerRequestPipe implements PipeTransform {
  constructor(private readonly schema: z.ZodType) {}

  transform({ caller, data }: { caller: Caller; data: unknown }): { caller: Caller; data: unknown } {
    const parsed = this.schema.safeParse(data ?? undefined);
    if (!parsed.success) throw new HoldfastError('bad-data', z.prettifyError(parsed.error));
    return { caller, data: parsed.data };
  }
}

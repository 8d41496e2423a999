import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { catchError, mergeMap, type Observable } from 'rxjs';
import type { ActorRequest } from '../access/current-actor.decorator.js';
import type { Actor } from '../access/roles.js';
import { ACT_METADATA, type ActOnMetadata } from './act-metadata.js';
import { ActTracker } from './act-tracker.js';
import type { NewAct } from './audit-log.js';
import type { RunningAct } from './running-act.js';

/** The parts of a request that describe an act. */
export interface ActRequest extends ActorRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query?: unknown;
  readonly body?: unknown;
  /** The act of this request. Undefined: the act has not begun yet. */
  act?: RunningAct;
}

/** Records the beginning and the end of an act in the audit log. Adds the id of the act to the answer. */
@Injectable()
export class ActRecorder implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly tracker: ActTracker,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler<object>): Promise<Observable<object>> {
    const request = context.switchToHttp().getRequest<ActRequest>();
    const about = this.reflector.get<ActOnMetadata>(ACT_METADATA, context.getHandler());
    const act = await this.tracker.begin(newActOf(request, about, request.actor as Actor));
    request.act = act;
    return next.handle().pipe(
      mergeMap(async (answer) => {
        await act.succeeded(answer);
        return { ...answer, act: act.id };
      }),
      catchError(async (error: unknown) => {
        await act.failed(error);
        throw error;
      }),
    );
  }
}

/** Maximum length of a stored note, target or input, in characters. The schema of the request refuses longer notes later. */
const TEXT_MAX = 500;

/** Describes the act of a request. The request is not validated yet, so this function shortens or omits each part that is too large. */
export function newActOf({ params, query, body }: ActRequest, { act, target }: ActOnMetadata, actor: Actor): NewAct {
  const { note, ...input } = { ...fieldsOf(query), ...fieldsOf(body) };
  return {
    actor,
    act,
    target: (params[target] ?? '').slice(0, TEXT_MAX),
    note: typeof note === 'string' ? note.slice(0, TEXT_MAX) : null,
    input: Object.keys(input).length === 0 ? null : isSmall(input) ? input : { omitted: 'too large' },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function isSmall(input: object): boolean {
  try {
    return JSON.stringify(input).length <= TEXT_MAX;
  } catch {
    // The value is nested too deeply.
    return false;
  }
}

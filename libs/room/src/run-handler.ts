import type { Patch } from '#libs/protocol';
import type { RoundingTree } from '#libs/state-patch';
import type { DraftChoice } from './draft-choice.js';
import type { HandlerRun } from './handler-run.js';
import type { GameRoom } from './room-rules.js';
import { runOnCopy } from './run-on-copy.js';
import { runOnDraft } from './run-on-draft.js';
import { statePatchOf } from './state-patch-of.js';

/** The state after a handler, and its difference from the state before: as patches or as a state patch. */
export type StateStep<State> =
  | { readonly next: State; readonly patches: readonly Patch[]; readonly delta?: undefined }
  | { readonly next: State; readonly patches?: undefined; readonly delta: Uint8Array };

/** The choice of drafts for the handlers of a game, and whether its changes have state patches. */
export interface DraftUse {
  readonly choice: DraftChoice;
  readonly isPatched: boolean;
}

/**
 * Runs a handler, which writes to a proxy or to a copy of `before`. The next state shares no object with the handler, so the game may keep
 * and change its own objects later.
 *
 * @throws UnstorableError when the handler made something that is not plain data; and what the handler throws
 */
export function runHandler<State>(
  before: State,
  run: HandlerRun<State>,
  handler: (room: GameRoom<State>) => void,
  use: DraftUse,
  rounding: RoundingTree | null,
): StateStep<State> {
  run.before = before;
  const act = (draft: State): void => {
    run.draft = draft;
    // Ignores the return value. Refuses a promise, because its work would come after the change is made.
    const returned: unknown = handler(run as unknown as GameRoom<State>);
    if (returned instanceof Promise) throw new Error('a handler must not be async: use room.effect for the outside world');
  };
  return runOn(before, act, use, rounding);
}

/** Calls `act` with a copy or a proxy, as `choice` says. Returns the state after the call. */
export function runOn<State>(
  before: State,
  act: (draft: State) => void,
  { choice, isPatched }: DraftUse,
  rounding: RoundingTree | null,
): StateStep<State> {
  if (choice.next() === 'copy') return runOnCopy(before, act, rounding, (count) => choice.note(count));
  const step = runOnDraft(before, act, rounding);
  return isPatched ? statePatchOf(before, step.next) : step;
}

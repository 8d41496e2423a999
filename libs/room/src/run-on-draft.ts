import { create } from 'mutative';
import { type RoundingTree, roundParts } from '#libs/state-patch';
import { difference } from './diff.js';
import { UnstorableError } from './plain-data.js';
import type { StateStep } from './run-handler.js';

/**
 * Calls `act` with a proxy of the state, which `act` may edit. The patches are computed from the two states and not from the edits, because
 * `act` can put one object in two places and edit it in either place. The next state is `before` with these patches applied. It shares
 * nothing with the objects of `act`, which the game may keep and change.
 */
export function runOnDraft<State>(
  before: State,
  act: (draft: State) => void,
  rounding: RoundingTree | null,
): Extract<StateStep<State>, { delta?: undefined }> {
  let after: State;
  try {
    after = create(before as object, (draft) => act(draft as State)) as State;
  } catch (error) {
    if (error instanceof TypeError && /revoked/.test(error.message))
      throw new UnstorableError('state', 'was given a part of itself that an earlier handler got, and that is valid there only', error);
    throw error;
  }
  const { next, patches } = difference(before, after);
  if (rounding === null) return { next, patches };
  const rounded = roundParts(before, next, rounding);
  return rounded === next ? { next, patches } : difference(before, rounded);
}

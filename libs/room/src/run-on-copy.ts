import { type RoundingTree, roundParts, withStateCopy } from '#libs/state-patch';
import { difference } from './diff.js';
import type { CopyCount } from './draft-choice.js';
import type { StateStep } from './run-handler.js';
import { statePatchOf } from './state-patch-of.js';

/**
 * Calls `act` with a copy of the state, which `act` may edit and keep. The change is the state patch from `before` to the copy. The next
 * state is `before` with this patch applied, as a recovery and each client compute it, and shares nothing with the copy. When `act` throws,
 * `before` is unchanged.
 *
 * @param rounding rounds the numbers that `act` changed; null: they stay as they are
 * @param count receives the sizes of the state and of the change
 * @throws UnstorableError when `act` made something that is not plain data; and what `act` throws
 */
export function runOnCopy<State>(
  before: State,
  act: (draft: State) => void,
  rounding: RoundingTree | null,
  count: (count: CopyCount) => void = () => {},
): StateStep<State> {
  return withStateCopy(before, (copy) => {
    act(copy.draft);
    const step = copy.step(rounding);
    if (step === null) {
      const plain = difference(before, copy.draft).next;
      return statePatchOf(before, rounding === null ? plain : roundParts(before, plain, rounding));
    }
    count({ parts: copy.parts, changed: step.changed });
    return { next: step.next, delta: step.patch };
  });
}

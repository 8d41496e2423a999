import { applyPatch, encodePatch, type Rounding, roundParts, withStateCopy } from '#libs/state-patch';
import { difference } from './diff.js';
import type { StateStep } from './run-handler.js';

/**
 * Calls `act` with a copy of the state, which it may edit and keep. The change is the state patch from `before` to the copy. The next state
 * is `before` with this patch applied, which is also what a recovery and each client compute. It shares nothing with the copy. When `act`
 * throws, only a copy is left behind.
 *
 * @param round rounds the numbers that `act` changed; null: they stay as they are
 * @throws UnstorableError when `act` made something that is not plain data; and what `act` throws
 */
export function runOnCopy<State>(before: State, act: (draft: State) => void, round: Rounding | null): StateStep<State> {
  return withStateCopy(before, (copy) => {
    act(copy.draft);
    const step = copy.step(round);
    if (step !== null) return { next: step.next, delta: step.patch };
    const plain = difference(before, copy.draft).next;
    const delta = encodePatch(before, round === null ? plain : roundParts(before, plain, round));
    // A receiver may order the keys of new objects differently, so the patch is applied here too.
    return { next: applyPatch<State>(before, delta), delta };
  });
}

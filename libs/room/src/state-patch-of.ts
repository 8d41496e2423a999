import { applyPatch, encodePatch } from '#libs/state-patch';
import type { StateStep } from './run-handler.js';

/**
 * Returns the state patch from `before` to `plain`, and the next state. The next state is `before` with this patch applied, and not
 * `plain`, so that the keys of new objects have the same order as at every receiver of the patch.
 */
export function statePatchOf<State>(before: State, plain: State): StateStep<State> {
  const delta = encodePatch(before, plain);
  return { next: applyPatch<State>(before, delta), delta };
}

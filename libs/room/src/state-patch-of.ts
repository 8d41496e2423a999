import { applyPatch, encodePatch } from '#libs/state-patch';
import type { StateStep } from './run-handler.js';

/**
 * Returns the state patch between two states of plain data, and the state after it. This state is made by applying the patch, because a
 * receiver may order the keys of new objects differently.
 */
export function statePatchOf<State>(before: State, plain: State): StateStep<State> {
  const delta = encodePatch(before, plain);
  return { next: applyPatch<State>(before, delta), delta };
}

import { applyPatch, encodePatch, type Rounding, roundParts, structuralCopy } from '#libs/state-patch';
import { difference } from './diff.js';
import type { HandlerRun } from './handler-run.js';
import type { StateStep } from './run-handler.js';
import { nextOfSameShape } from './same-shape.js';

/**
 * Runs a handler on a structural copy of the state. The change is the state patch from `before` to the copy. The next state is
 * `before` with this patch applied, which is also what a recovery and each client compute. It shares nothing with the copy, which
 * the game may keep and change. A handler that throws leaves only a copy behind.
 *
 * @param round rounds the numbers that the handler changed; null: they stay as they are
 * @throws UnstorableError when the handler made something that is not plain data; and what the handler throws
 */
export function runOnCopy<State>(before: State, run: HandlerRun<State>, act: () => void, round: Rounding | null): StateStep<State> {
  const copy = structuralCopy(before);
  run.draft = copy;
  act();
  return deltaStep(before, copy, round);
}

/** Returns the next state and the state patch that leads to it, for a new value that may be changed later. */
function deltaStep<State>(before: State, after: State, round: Rounding | null): StateStep<State> {
  const next = nextOfSameShape(before, after, round);
  if (next !== undefined) return { next: next as State, delta: encodePatch(before, next) };
  // Some object or list got another shape. A receiver may order the keys of new objects differently, so the patch is applied here too.
  const plain = difference(before, after).next;
  const delta = encodePatch(before, round === null ? plain : roundParts(before, plain, round));
  return { next: applyPatch<State>(before, delta), delta };
}

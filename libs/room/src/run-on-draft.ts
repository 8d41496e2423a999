import { create } from 'mutative';
import type { Patch } from '#libs/protocol';
import { difference } from './diff.js';
import type { HandlerRun } from './handler-run.js';
import { UnstorableError } from './plain-data.js';
import type { GameRoom } from './room-rules.js';

/**
 * Runs a handler on a draft of the state. The patches are the difference of the two states, not a record of edits: a handler may
 * put one object in two places and edit it through either. The next state is `before` with these patches applied. It shares
 * nothing with the handler's objects, which the game may keep and change.
 */
export function runOnDraft<State>(
  before: State,
  run: HandlerRun<State>,
  handler: (room: GameRoom<State>) => void,
): [State, readonly Patch[]] {
  let after: State;
  try {
    after = create(before as object, (drafted) => {
      run.draft = drafted as State;
      // The return value is ignored. A promise is refused, because its work would come after the change is made.
      const returned: unknown = handler(run as unknown as GameRoom<State>);
      if (returned instanceof Promise) throw new Error('a handler must not be async: use room.effect for the outside world');
    }) as State;
  } catch (error) {
    if (error instanceof TypeError && /revoked/.test(error.message))
      throw new UnstorableError('state', 'was given a part of itself that an earlier handler got, and that is valid there only', error);
    throw error;
  }
  const { next, patches } = difference(before, after);
  return [next, patches];
}

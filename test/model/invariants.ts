import type { Model } from './explorer.js';
import { commandsIn, hashOf, historyOf, isGoal, isPrefix, type Rules, refusalsIn, type State, stepsOf } from './protocol.js';

export const ROOM_PROTOCOL: Model<State, Rules> = { stepsOf, violationOf, isGoal, hashOf };

/** Returns the violation of an invariant in this state, as a sentence. Null: the state violates no invariant. */
export function violationOf(state: State, rules: Rules): string | null {
  if (state.flaw) return state.flaw;
  const { store } = state;
  const stored = store && historyOf(store);
  if (store && !stored) return 'there is a hole in the log: the room cannot be recovered';
  const histories = [stored ?? [], ...state.servers.map(({ room }) => room?.value ?? [])];
  for (const history of histories) {
    const commands = commandsIn(history);
    for (const seat of 'ab') {
      const seqs = commands.filter((command) => command[0] === seat).map((command) => Number(command.slice(1)));
      if (new Set(seqs).size < seqs.length) return `a command of ${seat} is applied twice: ${history.join(' ')}`;
      if (seqs.some((seq, at) => at > 0 && seq < seqs[at - 1])) return `commands of ${seat} are applied out of order: ${history.join(' ')}`;
    }
  }
  const truth = rules.store === 'strict' ? (stored ?? []) : newestOf(state, stored);
  if (!isPrefix(state.told, truth))
    return `a state that players received is lost: received ${state.told.join(' ')}, remaining ${truth.join(' ') || 'nothing'}`;
  const applied = commandsIn(truth);
  const refused = refusalsIn(truth);
  for (const [seat, { answers }] of state.players.entries()) {
    for (const [at, answer] of [...answers].entries()) {
      const command = 'ab'[seat] + (at + 1);
      if (answer === '+' && !applied.includes(command)) {
        return refused.includes(command)
          ? `${command} was refused, and its player was told that it was applied`
          : `${command} is acknowledged and not in the room`;
      }
      if (answer === '-' && applied.includes(command)) return `${command} is applied, and its player was told that it was refused`;
    }
  }
  return null;
}

/**
 * Returns the history that must survive a loss of data in the store. This is the history in the store, unless a living owner has a higher
 * epoch or a longer durable history. Then it is the history of this owner.
 */
function newestOf(state: State, stored: readonly string[] | null): readonly string[] {
  let newest = { epoch: stored ? (state.store?.epoch ?? 0) : 0, history: stored ?? [] };
  for (const { life, condemned, room } of state.servers) {
    if (life === 'dead' || condemned || !room) continue;
    const isNewer = room.epoch > newest.epoch || (room.epoch === newest.epoch && room.durable.length > newest.history.length);
    if (isNewer) newest = { epoch: room.epoch, history: room.durable };
  }
  return newest.history;
}

/**
 * The latest states of a room, for `room.past`. States are never changed in place, so keeping one costs no copy. They are not part of the
 * room's value, so a new owner begins with only the state that it has loaded.
 */
export class PastStates<State = unknown> {
  /** Room times at which the states began, in ms, ascending. */
  private readonly times: number[];
  private readonly states: State[];

  /**
   * @param keepMs how far back the states reach, in ms
   * @param at the room time at which `state` began, or from which it is known, in ms
   */
  constructor(
    private readonly keepMs: number,
    state: State,
    at: number,
  ) {
    this.times = [at];
    this.states = [state];
  }

  /** Stores the state that begins at this room time. Replaces a state that began at the same time. */
  add(state: State, at: number): void {
    const { times, states } = this;
    if (times.at(-1) === at) states.pop();
    else times.push(at);
    states.push(state);
    // The stored time span begins at `at - keepMs`. The oldest state is dropped only when the second oldest one was already current then.
    while (times.length > PAST_STATES_MAX || (times.length > 1 && times[1]! <= at - this.keepMs)) {
      times.shift();
      states.shift();
    }
  }

  /** Returns the state at a room time in ms. Returns the oldest state when that state began later. */
  at(time: number): State {
    let index = this.times.length - 1;
    while (index > 0 && this.times[index]! > time) index--;
    return this.states[index]!;
  }

  /** Forgets all states, because the room is set back to an earlier state. */
  restart(state: State, at: number): void {
    this.times.splice(0, this.times.length, at);
    this.states.splice(0, this.states.length, state);
  }
}

/** Maximum number of states. Two seconds at 60 steps a second are 120 states, and commands can add as many. */
const PAST_STATES_MAX = 256;

import type { Place } from './poison-game.js';
import type { Poison } from './poisons.js';

/** One room with hostile code, and its allowed outcomes. */
export interface PoisonCase {
  readonly name: string;
  readonly poison: Poison;
  /** The handler that runs the hostile code. `setup`: the setup of the game. */
  readonly place: 'command' | 'setup' | Place;
  /** Number of times that the hostile code runs. Each time, the tool first waits until the fleet is complete. */
  readonly times: number;
  /** `ends`: the room ends as `game-failed`. `refused`: the server refuses the command or the start, and the room continues. */
  readonly outcome: 'ends' | 'refused';
  /** Maximum number of game servers that the case may kill. */
  readonly lossesMax: number;
}

const INTERRUPTIBLE: readonly PoisonCase[] = (['command', 'timer', 'step', 'view', 'seat', 'effect'] as const).map((place) => ({
  name: `loop in ${place}`,
  poison: 'loop',
  place,
  times: 1,
  outcome: 'ends',
  lossesMax: 0,
}));

/** All cases. If `lossesMax` is above 0, the watchdog cannot interrupt the hostile code, so a game server dies. */
export const CASES: readonly PoisonCase[] = [
  ...INTERRUPTIBLE,
  { name: 'loop in setup', poison: 'loop', place: 'setup', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'regular expression', poison: 'regex', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'allocation without limit', poison: 'allocate', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'process.exit', poison: 'exit', place: 'command', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'process.abort', poison: 'abort', place: 'command', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'process.kill', poison: 'suicide', place: 'command', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'false interrupt in command', poison: 'fake-interrupt', place: 'command', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'false interrupt in view', poison: 'fake-interrupt', place: 'view', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'error that cannot be described', poison: 'endless-error', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'listener for SIGINT', poison: 'listen', place: 'command', times: 1, outcome: 'refused', lossesMax: 0 },
  { name: 'throw in a timer of its own', poison: 'late-throw', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'throw in many timers of its own', poison: 'late-throws', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'throw in a microtask', poison: 'microtask-throw', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'unhandled rejection', poison: 'rejection', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'process.exit in a timer of its own', poison: 'late-exit', place: 'command', times: 1, outcome: 'ends', lossesMax: 0 },
  { name: 'native call in command', poison: 'native', place: 'command', times: 1, outcome: 'refused', lossesMax: 1 },
  { name: 'native call in command, twice', poison: 'native', place: 'command', times: 2, outcome: 'ends', lossesMax: 2 },
  { name: 'native call in timer', poison: 'native', place: 'timer', times: 1, outcome: 'ends', lossesMax: 1 },
  { name: 'native call in step', poison: 'native', place: 'step', times: 1, outcome: 'ends', lossesMax: 1 },
  { name: 'native call in view', poison: 'native', place: 'view', times: 1, outcome: 'ends', lossesMax: 1 },
  { name: 'native call in effect', poison: 'native', place: 'effect', times: 1, outcome: 'refused', lossesMax: 1 },
  { name: 'native call in setup', poison: 'native', place: 'setup', times: 1, outcome: 'refused', lossesMax: 1 },
  { name: 'fatal call in command', poison: 'split', place: 'command', times: 1, outcome: 'refused', lossesMax: 1 },
  { name: 'fatal call in timer', poison: 'split', place: 'timer', times: 1, outcome: 'ends', lossesMax: 1 },
  { name: 'loop in a timer of its own', poison: 'late-loop', place: 'command', times: 1, outcome: 'ends', lossesMax: 1 },
];

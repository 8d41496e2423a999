import { type Budget, initialState, type Mutations, type Rules, type State } from './protocol.js';

export interface Scenario {
  readonly name: string;
  readonly servers: number;
  /** The number of commands of each player. */
  readonly commands: readonly number[];
  readonly store: Rules['store'];
  readonly faults: Partial<Budget>;
}

export function beginningOf({ servers, commands, faults }: Scenario): State {
  return initialState(servers, commands, faults);
}

/** The scenarios that `npm test` explores completely. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'an owner is killed, a reply is lost', servers: 2, commands: [1, 1], store: 'strict', faults: { kill: 1, lostReply: 1 } },
  {
    name: 'an owner is suspended until its eviction, and then continues',
    servers: 2,
    commands: [2],
    store: 'strict',
    faults: { pause: 1, falseVerdict: 1 },
  },
  {
    name: 'an owner is evicted by mistake, while a checkpoint is being sent',
    servers: 2,
    commands: [2],
    store: 'strict',
    faults: { falseVerdict: 1, checkpoint: 1 },
  },
  { name: 'an owner is killed and the store falls back', servers: 2, commands: [1], store: 'strict', faults: { kill: 1, fallback: 1 } },
  {
    name: 'a room migrates, and its old or new owner is killed',
    servers: 2,
    commands: [1],
    store: 'strict',
    faults: { migrate: 1, kill: 1, lostReply: 1 },
  },
  {
    name: 'a store without durable writes falls back while a room migrates',
    servers: 2,
    commands: [1],
    store: 'weak',
    faults: { migrate: 1, fallback: 1 },
  },
  {
    name: 'a store without durable writes loses everything',
    servers: 2,
    commands: [1],
    store: 'weak',
    faults: { wipe: 1, checkpoint: 1, lostReply: 1 },
  },
  {
    name: 'players are refused and disconnected',
    servers: 2,
    commands: [2, 1],
    store: 'strict',
    faults: { refusal: 1, chore: 1, disconnect: 1 },
  },
  { name: 'a player is refused and the owner is killed', servers: 2, commands: [2, 1], store: 'strict', faults: { refusal: 1, kill: 1 } },
];

/** The additional scenarios of `npm run model`. */
export const LONG_SCENARIOS: readonly Scenario[] = [
  {
    name: 'an owner is evicted by mistake, while two checkpoints are being sent',
    servers: 2,
    commands: [2],
    store: 'strict',
    faults: { falseVerdict: 1, checkpoint: 2 },
  },
  { name: 'two of three owners are killed', servers: 3, commands: [1, 1], store: 'strict', faults: { kill: 2 } },
  {
    name: 'one of three servers is killed, an owner is suspended, and a room migrates',
    servers: 3,
    commands: [1],
    store: 'strict',
    faults: { kill: 1, pause: 1, migrate: 1 },
  },
  {
    name: 'an owner is suspended, a server is evicted by mistake, a reply is lost, and a room migrates',
    servers: 2,
    commands: [1],
    store: 'strict',
    faults: { pause: 1, falseVerdict: 1, lostReply: 1, migrate: 1 },
  },
  {
    name: 'an owner is killed, a durable store falls back, and a room migrates',
    servers: 2,
    commands: [1],
    store: 'strict',
    faults: { kill: 1, fallback: 1, migrate: 1 },
  },
  {
    name: 'a store without durable writes falls back twice while a room migrates',
    servers: 2,
    commands: [1],
    store: 'weak',
    faults: { migrate: 1, fallback: 2 },
  },
  {
    name: 'a store without durable writes loses everything while a room migrates',
    servers: 2,
    commands: [1, 1],
    store: 'weak',
    faults: { migrate: 1, wipe: 1 },
  },
];

/** The scenarios of the random walks. They have too many states for a complete exploration. */
export const WALKS: readonly Scenario[] = [
  {
    name: 'a durable store and every fault',
    servers: 3,
    commands: [3, 2],
    store: 'strict',
    faults: {
      kill: 1,
      pause: 2,
      falseVerdict: 2,
      fallback: 2,
      lostReply: 3,
      disconnect: 2,
      migrate: 2,
      checkpoint: 3,
      refusal: 2,
      chore: 1,
    },
  },
  {
    name: 'a store without durable writes and every fault except the loss of an owner',
    servers: 3,
    commands: [3, 2],
    store: 'weak',
    faults: { pause: 2, fallback: 2, wipe: 1, lostReply: 3, disconnect: 2, migrate: 2, checkpoint: 3, refusal: 2, chore: 1 },
  },
  {
    name: 'a store without durable writes that loses nothing, and every loss of an owner',
    servers: 3,
    commands: [3, 2],
    store: 'weak',
    faults: { kill: 2, pause: 2, falseVerdict: 2, lostReply: 3, disconnect: 2, migrate: 2, checkpoint: 3, refusal: 2, chore: 1 },
  },
];

export interface Mutant {
  readonly rule: keyof Mutations;
  /** The rule that is switched off. The text completes the test name "does not follow the rule that …". */
  readonly without: string;
  /** A pattern that matches the violation which the explorer must find. */
  readonly breaks: RegExp;
  readonly scenario: Omit<Scenario, 'name'>;
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'appendIgnoresEpoch',
    without: 'an append is fenced by epoch and owner',
    breaks: /which was over/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { falseVerdict: 1 } },
  },
  {
    rule: 'blindRetry',
    without: 'an append without an answer is repeated unchanged',
    breaks: /applied twice|lost|hole/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { lostReply: 1 } },
  },
  {
    rule: 'outputBeforeCommit',
    without: 'an owner sends only durable changes',
    breaks: /lost/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { kill: 1 } },
  },
  {
    rule: 'readBeforeFence',
    without: 'an adopter fences the previous owner before the adopter reads the log',
    breaks: /told that it was refused/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { falseVerdict: 1, refusal: 1 } },
  },
  {
    rule: 'unfencedCheckpoint',
    without: 'a checkpoint is fenced',
    breaks: /hole/,
    scenario: { servers: 2, commands: [2], store: 'strict', faults: { falseVerdict: 1, checkpoint: 2 } },
  },
  {
    rule: 'checkpointMayGoBack',
    without: 'an older checkpoint never replaces a newer checkpoint',
    breaks: /hole/,
    scenario: { servers: 2, commands: [2], store: 'strict', faults: { lostReply: 1, checkpoint: 2 } },
  },
  {
    rule: 'epochFromStoreAlone',
    without: 'an epoch is never lower than the clock or an epoch that its adopter has seen',
    breaks: /given out twice/,
    scenario: { servers: 3, commands: [0], store: 'weak', faults: { kill: 1, fallback: 1 } },
  },
  {
    rule: 'noAuditBarrier',
    without: 'no server adopts a room from a store that fell back until all living servers have audited their rooms',
    breaks: /lost/,
    scenario: { servers: 2, commands: [1], store: 'weak', faults: { migrate: 1, fallback: 1 } },
  },
  {
    rule: 'adoptOutlivesFallback',
    without: 'an adoption that was requested before a fallback does not run after the fallback',
    breaks: /lost/,
    scenario: { servers: 2, commands: [1], store: 'weak', faults: { migrate: 1, lostReply: 1, fallback: 1 } },
  },
  {
    rule: 'sourceResumes',
    without: 'a source does not continue by itself when its handoff is undone',
    breaks: /lost|two histories/,
    scenario: { servers: 2, commands: [1, 1], store: 'weak', faults: { migrate: 1, fallback: 1 } },
  },
  {
    rule: 'sourceDropsCopy',
    without: 'a source keeps its copy until the target has the room',
    breaks: /lost/,
    scenario: { servers: 2, commands: [1], store: 'weak', faults: { migrate: 1, fallback: 1 } },
  },
  {
    rule: 'lameNeverAdopts',
    without: 'a source may adopt the room again when the target died',
    breaks: /stuck/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { migrate: 1, kill: 1 } },
  },
  {
    rule: 'noDedup',
    without: 'each sequence number is applied only once',
    breaks: /applied twice/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: {} },
  },
  {
    rule: 'adoptionCountsAtOnce',
    without: 'an adoption counts only once no fallback can undo the data that it read',
    breaks: /lost/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { kill: 1, fallback: 1 } },
  },
  {
    rule: 'refusedAgainAtOnce',
    without: 'a repeated refusal waits for the same changes as the first refusal',
    breaks: /was heard before/,
    scenario: { servers: 2, commands: [1, 1], store: 'strict', faults: { refusal: 1 } },
  },
  {
    rule: 'syncHidesRefusals',
    without: 'recorded refusals are sent before the sync that contains them',
    breaks: /told that it was applied/,
    scenario: { servers: 1, commands: [2, 1], store: 'strict', faults: { refusal: 1, disconnect: 1 } },
  },
  {
    rule: 'choreForgetsRefusals',
    without: 'refusals stay pending until a change has recorded them',
    breaks: /told that it was applied|acknowledged and not in the room|stuck/,
    scenario: { servers: 1, commands: [2], store: 'strict', faults: { refusal: 1, chore: 1, disconnect: 1 } },
  },
  {
    rule: 'copiesOutliveAttachment',
    without: 'a copy of a command is dropped when the attachment on which it was sent ends',
    breaks: /was told that it was refused/,
    scenario: { servers: 2, commands: [1], store: 'strict', faults: { refusal: 1, kill: 1, copy: 1 } },
  },
];

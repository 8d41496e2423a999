import type { Beginning, Mutations } from './record-protocol.js';

export interface RecordScenario extends Beginning {
  readonly name: string;
}

/** Two members at two gateways. The store may fall back to earlier states of their room. */
const MEMBERS = { servers: 1, at: [0, 1], members: 'ab', earlier: ['', 'a'] } as const;
/** Two members at two gateways, ready to start the game. */
const READY = { ...MEMBERS, members: 'aB', earlier: ['', 'ab'] } as const;
const ONE_GATEWAY = { at: [0, 0] } as const;
const FALLBACK = { fallback: 1 } as const;
const NOTHING = { servers: 1, at: [0, 1], members: '' } as const;

/** The scenarios that the test explores completely in every test run. */
export const RECORD_SCENARIOS: readonly RecordScenario[] = [
  { name: 'a player joins and is ready', ...MEMBERS, members: 'a', earlier: [''], wants: [[], ['join', 'ready']], faults: FALLBACK },
  { name: 'a player leaves', ...MEMBERS, wants: [['leave'], []], faults: FALLBACK },
  { name: 'a game starts', ...READY, ...ONE_GATEWAY, wants: [['start'], ['come again']], faults: FALLBACK },
  { name: 'a game is played and ends', ...READY, ...ONE_GATEWAY, wants: [['start', 'move', 'end'], []], faults: FALLBACK },
  { name: 'a gateway is suspended while a player becomes ready', ...MEMBERS, wants: [['ready'], []], faults: { ...FALLBACK, sleep: 1 } },
];

/** Further scenarios. Only `npm run model` explores them. */
export const LONG_RECORD_SCENARIOS: readonly RecordScenario[] = [
  { name: 'a room is created and joined', ...NOTHING, wants: [['create'], ['join']], faults: FALLBACK },
  { name: 'a member joins again while another is ready', ...MEMBERS, wants: [['ready'], ['join', 'ready']], faults: FALLBACK },
  {
    name: 'both members leave through one gateway, and the room is closed',
    ...MEMBERS,
    ...ONE_GATEWAY,
    wants: [['leave'], ['leave']],
    faults: FALLBACK,
  },
  { name: 'a member is removed while another is ready', ...MEMBERS, wants: [['ready'], []], faults: { ...FALLBACK, remove: 1 } },
  {
    name: 'a member is removed, another leaves, and the room is closed',
    ...MEMBERS,
    wants: [['leave'], []],
    faults: { ...FALLBACK, remove: 1 },
  },
  {
    name: 'a game starts, a player makes a move, and another logs in again',
    ...READY,
    wants: [['start', 'move'], ['come again']],
    faults: FALLBACK,
  },
  {
    name: 'a game starts and ends, and a player leaves meanwhile',
    ...READY,
    ...ONE_GATEWAY,
    wants: [['start', 'end'], ['leave']],
    faults: FALLBACK,
  },
  { name: 'a game is played and ends, with two gateways', ...READY, wants: [['start', 'move', 'end'], []], faults: FALLBACK },
  {
    name: 'a game starts, and later its owner is killed',
    ...READY,
    servers: 2,
    wants: [['start', 'move'], []],
    faults: { ...FALLBACK, killServer: 1 },
  },
  {
    name: 'a game starts, and later a gateway is killed',
    ...READY,
    wants: [['start', 'move'], []],
    faults: { ...FALLBACK, killGateway: 1 },
  },
  {
    name: 'an owner and a gateway are killed, and the store does not fall back',
    ...READY,
    servers: 2,
    wants: [['start', 'move', 'end'], []],
    faults: { killServer: 1, killGateway: 1 },
  },
  { name: 'the store falls back twice', ...MEMBERS, wants: [['ready'], []], faults: { fallback: 2 } },
  {
    name: 'the store falls back twice around the end of a game',
    ...READY,
    ...ONE_GATEWAY,
    wants: [['start', 'end'], []],
    faults: { fallback: 2 },
  },
];

/** The scenarios of the random walks. They have too many states for a complete exploration. */
export const RECORD_WALKS: readonly RecordScenario[] = [
  {
    name: 'two games, and a store that falls back three times',
    ...READY,
    servers: 2,
    wants: [
      ['start', 'move', 'end', 'start', 'move', 'end', 'leave'],
      ['come again', 'ready', 'leave', 'join', 'ready', 'leave'],
    ],
    faults: { fallback: 3, remove: 1 },
  },
  {
    name: 'a room from its beginning to its end',
    ...NOTHING,
    servers: 2,
    wants: [
      ['create', 'start', 'move', 'end', 'leave'],
      ['join', 'ready', 'move', 'come again', 'leave'],
    ],
    faults: { fallback: 2, killServer: 1 },
  },
  {
    name: 'a gateway that is suspended',
    ...READY,
    wants: [
      ['start', 'move', 'end', 'leave'],
      ['leave', 'join', 'ready'],
    ],
    faults: { fallback: 2, sleep: 2 },
  },
];

/** Defects that were found before the rules existed. With all rules switched off (`BEFORE`), each scenario leads to its defect. */
export const REPORTED: readonly (RecordScenario & { readonly breaks: RegExp })[] = [
  {
    name: 'a player who logs in again is removed from the running game',
    ...READY,
    earlier: ['', 'a', 'ab'],
    wants: [['start'], ['come again']],
    faults: FALLBACK,
    fallsTo: /revision 2,/,
    breaks: /^b is told that it is out/,
  },
  {
    name: 'one revision of the record has two contents',
    ...READY,
    servers: 2,
    wants: [['start'], []],
    faults: { ...FALLBACK, killServer: 1 },
    fallsTo: /waiting/,
    breaks: /^revision \d+ is/,
  },
  {
    name: 'a finished game is undone',
    ...READY,
    wants: [['start', 'end'], []],
    faults: FALLBACK,
    fallsTo: /playing/,
    breaks: /takes it up again/,
  },
  {
    name: 'players are removed from a room that the owner has not yet restored',
    ...READY,
    wants: [['start'], []],
    faults: FALLBACK,
    fallsTo: /nothing/,
    breaks: /is told that it is out/,
  },
  {
    name: 'a join is lost',
    ...MEMBERS,
    members: 'a',
    earlier: [''],
    wants: [[], ['join']],
    faults: FALLBACK,
    fallsTo: /revision 2,/,
    breaks: /stuck/,
  },
  {
    name: 'the departure of a player is undone',
    ...MEMBERS,
    wants: [[], ['leave']],
    faults: FALLBACK,
    fallsTo: /waiting/,
    breaks: /stuck/,
  },
  {
    name: 'the readiness of a player is lost',
    ...MEMBERS,
    wants: [[], ['ready']],
    faults: FALLBACK,
    fallsTo: /revision 3,/,
    breaks: /stuck/,
  },
];

export interface RecordMutant {
  readonly rule: keyof Mutations;
  /** The rule that is switched off. The text completes the test name "does not follow the rule that …". */
  readonly without: string;
  /** A pattern that matches the violation which the explorer must find. */
  readonly breaks: RegExp;
  readonly scenario: Beginning;
}

const ready: Beginning = { ...MEMBERS, members: 'a', earlier: [''], wants: [[], ['join', 'ready']], faults: FALLBACK };
const start: Beginning = { ...READY, ...ONE_GATEWAY, wants: [['start'], ['come again']], faults: FALLBACK };
const end: Beginning = { ...READY, ...ONE_GATEWAY, wants: [['start', 'end'], []], faults: FALLBACK };
const leaveInPlay: Beginning = { ...READY, ...ONE_GATEWAY, wants: [['start', 'end'], ['leave']], faults: FALLBACK };
const leave: Beginning = { ...MEMBERS, wants: [['leave'], []], faults: FALLBACK };
const OUT = /is told that it is out/;
const TWINS = /^revision \d+ is/;
const STUCK = /stuck/;

export const RECORD_MUTANTS: readonly RecordMutant[] = [
  {
    rule: 'reassertBumpsRev',
    without: 'an owner restores its record with the old revision',
    breaks: TWINS,
    scenario: { ...end, fallsTo: /waiting/ },
  },
  {
    rule: 'absentTakesNow',
    without: 'an owner restores a missing record with the old revision',
    breaks: TWINS,
    scenario: { ...end, fallsTo: /nothing/ },
  },
  { rule: 'gatewayRestoresNothing', without: 'a gateway restores the records that it knows', breaks: OUT, scenario: ready },
  {
    rule: 'restoreIgnoresClosed',
    without: 'a gateway does not restore a closed room',
    breaks: /closed/,
    scenario: { ...MEMBERS, wants: [['leave'], []], faults: { ...FALLBACK, remove: 1 }, fallsTo: /closed/ },
  },
  { rule: 'restoreGoesBack', without: 'a gateway never overwrites a later revision', breaks: OUT, scenario: ready },
  {
    rule: 'pointersAreNotRestored',
    without: 'a gateway restores the rooms of its users',
    breaks: OUT,
    scenario: { ...start, fallsTo: /nothing/ },
  },
  {
    rule: 'gatewayDoesNotMark',
    without: 'the store is settled only after every gateway has compared its data with the store',
    breaks: OUT,
    scenario: start,
  },
  { rule: 'lobbyWritesUnsettled', without: 'a lobby writes nothing before the store is settled', breaks: /./, scenario: leave },
  {
    rule: 'opensUnsettled',
    without: 'a game server opens no room before the store is settled',
    breaks: TWINS,
    scenario: { ...leaveInPlay, fallsTo: /starting/ },
  },
  {
    rule: 'endsUnsettled',
    without: 'no game ends before the store is settled',
    breaks: TWINS,
    scenario: { ...leaveInPlay, fallsTo: /playing/ },
  },
  { rule: 'viewsUnsettled', without: 'a gateway shows no record before the store is settled', breaks: OUT, scenario: start },
  { rule: 'absenceIsBelieved', without: 'a missing record counts as closed only when the store is settled', breaks: OUT, scenario: start },
  {
    rule: 'lowerRevIsIgnored',
    without: 'a gateway accepts a record of a newer generation, also with a lower revision',
    breaks: STUCK,
    scenario: { ...MEMBERS, wants: [['ready'], []], faults: { ...FALLBACK, sleep: 1 } },
  },
  { rule: 'endsAreForgotten', without: 'an owner restores the end of a game', breaks: /./, scenario: end },
  {
    rule: 'endsLate',
    without: 'the store is settled only after every end of a game is restored',
    breaks: TWINS,
    scenario: { ...end, fallsTo: /nothing/ },
  },
  {
    rule: 'endNeedsItsEpoch',
    without: 'an owner restores the end of a game over an older epoch or a missing record',
    breaks: /./,
    scenario: end,
  },
  {
    rule: 'sweepAdoptsEnded',
    without: 'a server does not adopt a game whose end it knows',
    breaks: /takes it up again/,
    scenario: {
      ...READY,
      ...ONE_GATEWAY,
      wants: [['start', 'end', 'leave'], ['leave']],
      faults: { ...FALLBACK, forget: 1 },
      fallsTo: /playing/,
    },
  },
  { rule: 'fencedEndIsDropped', without: 'an owner recognizes its own end when a gateway has written it', breaks: STUCK, scenario: end },
  {
    rule: 'oldAnswersCount',
    without: 'a gateway repeats a request of an older generation',
    breaks: STUCK,
    scenario: { ...ready, wants: [[], ['join']] },
  },
  { rule: 'answersAheadOfRecords', without: 'a player receives only answers that the gateway can restore', breaks: OUT, scenario: ready },
  {
    rule: 'leaversAreNotRemoved',
    without: 'a player who has left a room is removed again after the store falls back',
    breaks: STUCK,
    scenario: leave,
  },
  {
    rule: 'operationsOutliveGenerations',
    without: 'a lobby repeats a read of an older generation',
    breaks: /is written upon/,
    scenario: { ...MEMBERS, ...ONE_GATEWAY, wants: [['ready'], ['ready']], faults: { ...FALLBACK, remove: 1 }, fallsTo: /revision 3,/ },
  },
  {
    rule: 'sessionsRejoin',
    without: 'no session joins a room again without a request',
    breaks: /is in it again/,
    scenario: { ...MEMBERS, wants: [[], []], faults: { ...FALLBACK, remove: 1 } },
  },
];

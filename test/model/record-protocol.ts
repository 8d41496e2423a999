import { cyrb53, type Model, partHashOf, type Step as StepTo } from './explorer.js';
import * as store from './store.js';
import { type Asked, type KnownRoom, NOBODY, type StoredRoom, type StoredUser } from './store.js';

/**
 * Models the record of one room in a store that may fall back to any earlier state. The record contains a document, a revision and the
 * games. The model also contains the room of each user and the list of rooms. Game servers, gateways and lobbies decide as
 * `libs/room-host`, `libs/edge` and `libs/lobby` do. `Mutations` switches off one rule at a time. A document is a string of members: `a`,
 * or `A` for a member who is ready. The state of a game is the list of its moves.
 */
export interface State {
  /** The clock from which new epochs and the first revision of a new record are taken. It grows with each new epoch and revision. */
  readonly clock: number;
  readonly store: Store;
  /** All earlier contents of the store. Empty when no further fallback is allowed. */
  readonly past: readonly Store[];
  readonly generation: number;
  /**
   * The last store generation that was settled. A generation is settled when all living servers have compared their data with the store.
   */
  readonly settled: number;
  readonly servers: readonly Server[];
  readonly gateways: readonly Gateway[];
  readonly users: readonly User[];
  readonly operations: readonly Operation[];
  readonly budget: Budget;
  /**
   * The store may fall back only to a state whose description (`describe`) matches this pattern. Null: it may fall back to any earlier
   * state.
   */
  readonly fallsTo: RegExp | null;
  /** The number of starts and moves so far. The names of starts and moves contain it, so that each name is unique. */
  readonly named: number;
  // The protocol does not have the following fields. The explorer uses them to check the protocol.
  /** The ends of games that any player has received, as `round=moves`. */
  readonly results: readonly string[];
  /** Epochs of the games whose last effect has run. */
  readonly effects: readonly number[];
  /**
   * Whether the store fell back while a gateway slept. Data that only this gateway had can then be lost, but the gateway's players must be
   * notified.
   */
  readonly mayLose: boolean;
  /** The first violation. Null: no rule was violated so far. */
  readonly flaw: string | null;
}

/** The content of the store. A fallback replaces it by an earlier content. */
export interface Store {
  readonly room: StoredRoom | null;
  /** The epoch in the key `closed`. Null: the room was not closed. */
  readonly closed: number | null;
  readonly users: readonly StoredUser[];
  readonly isListed: boolean;
}

export interface Server {
  readonly isDead: boolean;
  readonly room: Hosted | null;
  /** The last game that ended on this server. Null: no game has ended on it. */
  readonly ended: EndedGame | null;
  /** Whether the store had no record when this server tried to restore the end of its game. */
  readonly isMissing: boolean;
  /** The last generation for which the server has set its mark. The mark says that the server has compared its rooms with the store. */
  readonly marked: number;
}

export interface Hosted {
  readonly epoch: number;
  readonly round: number;
  readonly start: string;
  /** The document of the room when the server became its owner. */
  readonly doc: string;
  readonly rev: number;
  readonly moves: readonly string[];
  readonly batch: string;
  readonly inFlight: InFlight | null;
  /** Whether the store has answered that it has fewer changes than this owner. */
  readonly isBehind: boolean;
}

interface InFlight {
  readonly isEnd: boolean;
  readonly to: readonly string[];
  readonly batch: string;
  /** The answer of the store. Empty: no answer has arrived, so the owner repeats the append. */
  readonly answer: string;
  readonly rev: number;
  readonly doc: string;
}

export interface EndedGame extends store.EndArgs {
  /** Whether the server still has all details of the end of the game. False: it has only the result. */
  readonly isWhole: boolean;
}

export interface Gateway {
  readonly isDead: boolean;
  /** Whether the gateway sleeps. Other servers regard a sleeping gateway as dead. */
  readonly isAsleep: boolean;
  readonly known: Known | null;
  /** The last store generation in which the store had the record `known`, as far as the gateway knows. */
  readonly knownIn: number;
  /** The last generation in which the gateway has compared its rooms with the store. */
  readonly compared: number;
  /** The last generation in which the gateway has compared its users with the store and set its mark. */
  readonly marked: number;
  /** The last generation that the gateway knows to be settled. */
  readonly settled: number;
}

type Known = KnownRoom & { readonly owner: string };

export interface User {
  /** The gateway of the session. Null: that gateway died, and the player will log in at another gateway. */
  readonly at: number | null;
  readonly turn: number;
  readonly number: number;
  /** The actions that the player will take, in order. */
  readonly wants: readonly Want[];
  /** The revision of the record from which on the session is in the room. Null: the session is in no room. */
  readonly binding: number | null;
  readonly mustRejoin: boolean;
  /** Whether the session has just left the room, as far as its gateway knows. */
  readonly hasLeft: boolean;
  /** The epoch of the owner to which the session is attached. 0: the session is not attached. */
  readonly epoch: number;
  /** The round that the player's client plays. Null: it plays none. */
  readonly round: number | null;
  readonly moves: readonly string[];
  // The following fields contain the facts that the player has received and may rely on.
  readonly isIn: boolean;
  readonly mayBeOut: boolean;
  /** The round for which a lobby has confirmed that the player is ready. Null: no lobby has confirmed it. */
  readonly ready: number | null;
  /** Rounds whose end the player has received. */
  readonly ended: readonly number[];
}

export type Want = 'create' | 'join' | 'ready' | 'start' | 'move' | 'end' | 'leave' | 'come again';

/** An operation that a lobby executes for a user, in several steps. */
export interface Operation {
  readonly kind: 'create' | 'join' | 'ready' | 'start' | 'leave' | 'remove' | 'take out' | 'expel';
  readonly user: number;
  /** The gateway that waits for the answer. Null: no gateway waits. */
  readonly gateway: number | null;
  readonly asked: Asked;
  /** The store generation in which the gateway sent the request. */
  readonly askedIn: number;
  readonly stage: 'asked' | 'begun' | 'read' | 'written' | 'answered' | 'failed';
  /** The record that the lobby read, in the store generation `readIn`. */
  readonly read: { readonly rev: number; readonly doc: string; readonly status: string; readonly round: number } | null;
  readonly readIn: number;
  /** The room of the user before this operation moved the user. Null: the operation has not moved the user. */
  readonly before: string | null;
  /** The revision of the record that the lobby wrote. */
  readonly rev: number;
  readonly start: string;
}

/** For each kind of fault, the number of times that it may still happen. */
export interface Budget {
  readonly fallback: number;
  readonly killServer: number;
  readonly killGateway: number;
  /** A gateway sleeps until other servers regard it as dead, and then wakes. */
  readonly sleep: number;
  /** A lobby removes a member who was away for too long. */
  readonly remove: number;
  /** A server forgets the details of the end of a game. It remembers only that the game has ended. */
  readonly forget: number;
}

const NO_BUDGET: Budget = { fallback: 0, killServer: 0, killGateway: 0, sleep: 0, remove: 0, forget: 0 };

/** Each field names one rule of the protocol. True: the servers of the model do not follow the rule. */
export interface Mutations {
  readonly reassertBumpsRev: boolean;
  readonly absentTakesNow: boolean;
  readonly gatewayRestoresNothing: boolean;
  readonly restoreIgnoresClosed: boolean;
  readonly restoreGoesBack: boolean;
  readonly pointersAreNotRestored: boolean;
  readonly gatewayDoesNotMark: boolean;
  readonly lobbyWritesUnsettled: boolean;
  readonly opensUnsettled: boolean;
  readonly viewsUnsettled: boolean;
  readonly absenceIsBelieved: boolean;
  readonly lowerRevIsIgnored: boolean;
  readonly endsUnsettled: boolean;
  readonly endsAreForgotten: boolean;
  readonly endsLate: boolean;
  readonly sweepAdoptsEnded: boolean;
  readonly endNeedsItsEpoch: boolean;
  readonly fencedEndIsDropped: boolean;
  readonly oldAnswersCount: boolean;
  readonly sessionsRejoin: boolean;
  readonly leaversAreNotRemoved: boolean;
  readonly operationsOutliveGenerations: boolean;
  readonly answersAheadOfRecords: boolean;
}

export type Rules = Partial<Mutations>;

/** All mutations together: the protocol before any of these rules existed. */
export const BEFORE: Rules = {
  reassertBumpsRev: true,
  absentTakesNow: true,
  gatewayRestoresNothing: true,
  pointersAreNotRestored: true,
  gatewayDoesNotMark: true,
  lobbyWritesUnsettled: true,
  opensUnsettled: true,
  endsUnsettled: true,
  viewsUnsettled: true,
  absenceIsBelieved: true,
  lowerRevIsIgnored: true,
  endsAreForgotten: true,
  sweepAdoptsEnded: true,
  fencedEndIsDropped: true,
  oldAnswersCount: true,
  leaversAreNotRemoved: true,
  operationsOutliveGenerations: true,
  answersAheadOfRecords: true,
};

export type Step = StepTo<State>;

const ROOM = 'r';
/**
 * With the mutation `absentTakesNow`, an owner restores a missing record with the revision `clock + LATER`. This sum stands for the real
 * clock, which is far ahead of all revisions.
 */
const LATER = 50;
const NAMES = 'ab';
const EMPTY_STORE: Store = { room: null, closed: null, users: [NOBODY, NOBODY], isListed: false };
const serverName = (index: number): string => `s${index}`;

export interface Beginning {
  readonly servers: number;
  /** For each user, the index of the user's gateway. */
  readonly at: readonly number[];
  /** The document of the room. '' : there is no room. */
  readonly members: string;
  readonly wants: readonly (readonly Want[])[];
  readonly faults: Partial<Budget>;
  /** For each earlier state to which the store may fall back, the document of the room in that state. */
  readonly earlier?: readonly string[];
  /**
   * The store may fall back only to a state whose description (`describe`) matches this pattern. Absent: it may fall back to any earlier
   * state.
   */
  readonly fallsTo?: RegExp;
}

export function beginningOf({ servers, at, members, wants, faults, earlier = [], fallsTo }: Beginning): State {
  const contentOf = (doc: string, rev: number): Store => {
    const room: StoredRoom | null = doc === '' ? null : { ...store.EMPTY, rev, doc, game: 'g', status: 'waiting' };
    const users = [...NAMES].map((name) => ({ ...NOBODY, turn: 1, room: has(doc, name) ? ROOM : '' }));
    return { room, closed: null, users, isListed: doc !== '' };
  };
  const rev = earlier.length + 1;
  const content = contentOf(members, rev);
  const known = content.room && knownOf(content.room);
  const isIn = at.map((_, user) => has(members, NAMES[user]));
  const gateways = Array.from({ length: Math.max(...at) + 1 }, (_, index) => ({
    isDead: false,
    isAsleep: false,
    known: isIn.some((is, user) => is && at[user] === index) ? known : null,
    knownIn: 0,
    compared: 0,
    marked: 0,
    settled: 0,
  }));
  return {
    clock: rev + 1,
    store: content,
    past: (faults.fallback ?? 0) > 0 ? earlier.map((doc, index) => contentOf(doc, index + 1)) : [],
    generation: 0,
    settled: 0,
    servers: Array.from({ length: servers }, (): Server => ({ isDead: false, room: null, ended: null, isMissing: false, marked: 0 })),
    gateways,
    users: at.map((gateway, user) => ({
      at: gateway,
      turn: 1,
      number: 0,
      wants: wants[user] ?? [],
      binding: isIn[user] ? rev : null,
      mustRejoin: false,
      hasLeft: false,
      epoch: 0,
      round: null,
      moves: [],
      isIn: isIn[user],
      mayBeOut: !isIn[user],
      ready: members.includes(NAMES[user].toUpperCase()) ? 0 : null,
      ended: [],
    })),
    operations: [],
    budget: { ...NO_BUDGET, ...faults },
    fallsTo: fallsTo ?? null,
    named: 0,
    results: [],
    effects: [],
    mayLose: false,
    flaw: null,
  };
}

// ── Possible steps ───────────────────────────────────────────────────────────────────────────────────────────────

function stepsOf(state: State, rules: Rules): Step[] {
  const steps: Step[] = [];
  const add = (label: string, isFault: boolean, next: State | null): void => {
    if (next && next !== state) steps.push({ label, isFault, next: remembered(state, next) });
  };
  const step = (label: string, next: State | null): void => add(label, false, next);
  const fault = (label: string, cost: keyof Budget, change: () => State | null): void => {
    if (state.budget[cost] === 0) return;
    const next = change();
    add(label, true, next && { ...next, budget: { ...next.budget, [cost]: next.budget[cost] - 1 } });
  };

  state.users.forEach((user, index) => {
    if (user.at !== null && state.gateways[user.at].isAsleep) return;
    const [want] = user.wants;
    if (want !== undefined) add(`${NAMES[index]} wants to ${want}`, true, wish(state, index, want, rules));
    if (user.at === null) step(`${NAMES[index]} logs in at another gateway`, comeIn(state, index, rules));
    step(`${NAMES[index]} is attached to the owner of its room`, attach(state, index));
  });
  state.operations.forEach((operation, at) => {
    const name = `${operation.kind} of ${NAMES[operation.user]}`;
    if (operation.stage === 'asked')
      step(`a lobby ${rules.operationsOutliveGenerations ? 'begins' : 'reads for'} the ${name}`, begin(state, at, rules));
    if (operation.stage === 'begun') step(`a lobby reads for the ${name}`, read(state, at, rules));
    if (operation.stage === 'read') step(`a lobby writes the ${name}`, writeAndCheck(state, at, rules));
    if (operation.stage === 'written' && operation.kind === 'start') {
      const server = state.servers.findIndex(({ isDead }) => !isDead);
      step(`${serverName(server)} opens the room`, open(state, at, server, rules));
    }
    if (operation.stage === 'written' && operation.kind !== 'start') step(`a lobby answers the ${name}`, check(state, at, rules));
    const isHeard = operation.gateway === null || !state.gateways[operation.gateway].isAsleep;
    if (isHeard && (operation.stage === 'answered' || operation.stage === 'failed'))
      step(`the answer to the ${name} arrives${operation.stage === 'failed' ? ': it failed' : ''}`, arrive(state, at, rules));
  });
  step('a lobby takes an abandoned start back', takeBack(state, rules));
  step('a lobby lists the room again', enlist(state));
  state.servers.forEach((server, index) => {
    if (server.isDead) return;
    const name = serverName(index);
    step(`${name} compares its rooms with the store`, audit(state, index, rules));
    step(`${name} writes the end again into a restored record`, endMissing(state, index, rules));
    step(`${name} writes its room again into a store that has less`, repair(state, index, rules));
    step(`${name} writes`, append(state, index, rules));
    step(`${name} receives the answer to its write`, written(state, index, rules));
    step(`${name} adopts or ends its own room`, sweep(state, index, rules));
    step(`${name} adopts the room of a dead server`, adoptOthers(state, index));
    step(`${name} does the last effect`, doEffect(state, index));
    fault(`${name} forgets the details of the end`, 'forget', () =>
      server.ended?.isWhole && state.gateways.every(({ known }) => !known || known.rev >= (server.ended?.rev ?? 0))
        ? withServer(state, index, { ended: { ...server.ended, isWhole: false } })
        : null,
    );
    fault(`${name} is killed`, 'killServer', () => killServer(state, index));
  });
  state.gateways.forEach((gateway, index) => {
    if (gateway.isDead) return;
    const name = `g${index}`;
    if (gateway.isAsleep) {
      step(`${name} wakes`, withGateway(state, index, { isAsleep: false }));
      return;
    }
    fault(`${name} sleeps`, 'sleep', () => withGateway({ ...state, mayLose: state.generation > 0 }, index, { isAsleep: true }));
    step(`${name} compares its room with the store`, restore(state, index, rules));
    step(`${name} compares its users with the store and sets its mark`, restoreUsers(state, index, rules));
    step(`${name} learns that the store is settled`, hearSettled(state, index, rules));
    step(`${name} reads the room`, look(state, index, rules));
    fault(`${name} is killed`, 'killGateway', () => killGateway(state, index));
  });
  step('the store is settled', settle(state, rules));
  fault('a lobby removes b, who was away for too long', 'remove', () =>
    state.operations.some(({ user }) => user === 1) ? null : asked(state, 1, 'remove', null),
  );
  // The contents to which the store may fall back. The last of them is the current content: a fallback to it models a restart of the
  // store that loses nothing.
  const moments = [...(state.past.includes(EMPTY_STORE) ? [] : [EMPTY_STORE]), ...state.past, state.store];
  for (const [index, moment] of moments.entries()) {
    if (state.fallsTo && !state.fallsTo.test(describe(moment))) continue;
    fault(`the store falls back to ${describe(moment)}`, 'fallback', () => fallBack(state, moment, moments.slice(0, index)));
  }
  return steps;
}

/** Adds the earlier content of the store to `past`, if a further fallback is allowed. */
function remembered(before: State, next: State): State {
  if (next.budget.fallback === 0) return next.past.length === 0 ? next : { ...next, past: [] };
  if (next.store === before.store || next.generation !== before.generation) return next;
  return { ...next, past: [...next.past, before.store] };
}

function describe(moment: Store): string {
  const { room, closed } = moment;
  if (moment === EMPTY_STORE) return 'nothing';
  if (!room) return closed === null ? 'before the room' : 'a closed room';
  return `revision ${room.rev}, ${room.doc || 'nobody'} ${room.status}${room.status === 'playing' ? ` ${movesOf(room).join('')}` : ''}`;
}

// ── Players and their gateways ───────────────────────────────────────────────────────────────────────────────────

function wish(state: State, index: number, want: Want, rules: Rules): State | null {
  const user = state.users[index];
  if (user.at === null || state.operations.some((operation) => operation.user === index && operation.gateway !== null)) return null;
  const next = withUser(state, index, { wants: user.wants.slice(1) });
  switch (want) {
    case 'move':
    case 'end':
      return play(next, index, want === 'end');
    case 'come again':
      return comeIn(next, index, rules);
    case 'create':
    case 'join':
      return asked(withUser(next, index, { mayBeOut: !user.isIn }), index, want, user.at);
    case 'leave':
      return user.binding === null ? null : asked(withUser(next, index, { mayBeOut: true }), index, want, user.at);
    default:
      return user.binding === null ? null : asked(next, index, want, user.at);
  }
}

function asked(state: State, index: number, kind: Operation['kind'], gateway: number | null): State {
  const { turn, number } = state.users[index];
  const operation: Operation = {
    kind,
    user: index,
    gateway,
    asked: { turn, number: number + 1 },
    askedIn: state.generation,
    stage: 'asked',
    read: null,
    readIn: 0,
    before: null,
    rev: 0,
    start: '',
  };
  return { ...withUser(state, index, { number: number + 1 }), operations: [...state.operations, operation] };
}

/**
 * A gateway admits the player. The player is in the room when the stored user names the room and the room's record lists the player.
 * Otherwise the gateway notifies the player that the player is in no room.
 */
function comeIn(state: State, index: number, rules: Rules): State | null {
  if (!isSettled(state) && !rules.viewsUnsettled) return null;
  // A removal has two writes, and the model admits the removed player only before or after both. In reality, a request between the two
  // writes can make the store refuse the second write. The next sweep then repeats that write.
  if (state.operations.some(({ user: other, kind, before }) => other === index && kind === 'remove' && before !== null)) return null;
  const user = state.users[index];
  const at = user.at ?? state.gateways.findIndex(({ isDead, isAsleep }) => !isDead && !isAsleep);
  const stored = state.store.users[index];
  const turn = Math.max(stored.turn, user.turn) + 1;
  let next = withStoredUser(state, index, { ...stored, turn });
  const { room } = state.store;
  const isIn = stored.room === ROOM && room !== null && has(room.doc, NAMES[index]);
  const session = { at, turn, number: 0, epoch: 0, mustRejoin: false, hasLeft: false };
  next = withUser(next, index, { ...session, binding: isIn ? (room?.rev ?? 0) : null, isIn: isIn || user.isIn });
  return unfollowed(isIn ? next : tellOut(next, index));
}

/** The gateway attaches the session to the owner that the record of the room names. */
function attach(state: State, index: number): State | null {
  const user = state.users[index];
  const known = user.at === null ? null : state.gateways[user.at].known;
  if (!known || user.binding === null || known.status !== 'playing' || (known.epoch ?? 0) <= user.epoch) return null;
  if (known.rev < user.binding || !has(known.doc, NAMES[index])) return null;
  const owner = state.servers.find(({ room }) => room?.epoch === known.epoch)?.room;
  if (!owner) return null;
  if (user.ended.includes(owner.round)) return broken(state, `${NAMES[index]} was told the end of round ${owner.round}, which still runs`);
  if (user.round === owner.round && !isPrefix(user.moves, owner.moves))
    return broken(state, `${NAMES[index]} received ${user.moves.join('')}, and its game continues at ${owner.moves.join('') || 'no move'}`);
  return withUser(state, index, { epoch: owner.epoch, round: owner.round, moves: owner.moves });
}

function tellOut(state: State, index: number): State {
  const user = state.users[index];
  // The gateway drops the answer to a join or create that still waits for the record of the room, because this player is in no room now.
  const operations = state.operations.filter(
    ({ user: other, kind, stage }) => !(other === index && stage === 'answered' && (kind === 'join' || kind === 'create')),
  );
  const isRefused = operations.length < state.operations.length;
  const next = withUser(isRefused ? { ...state, operations } : state, index, {
    isIn: false,
    binding: null,
    epoch: 0,
    round: null,
    moves: [],
    ready: null,
    mustRejoin: false,
    hasLeft: true,
  });
  return user.mayBeOut || !user.isIn || state.mayLose
    ? next
    : broken(next, `${NAMES[index]} is told that it is out of its room, which it never left`);
}

function tellEnd(state: State, index: number, round: number, result: string): State {
  const user = state.users[index];
  const moves = result.split('=')[1] ?? '';
  const [other] = state.results.filter((told) => told.startsWith(`${round}=`) && told !== result);
  let next = withUser(state, index, { round: null, moves: [], epoch: 0, ready: null, ended: [...user.ended, round].sort() });
  if (!state.results.includes(result)) next = { ...next, results: [...state.results, result].sort() };
  if (other) return broken(next, `round ${round} ended as ${other} and as ${result}`);
  if (!result.startsWith(`${round}=`))
    return broken(next, `${NAMES[index]} is told the end of round ${round} with the result of another round: ${result}`);
  return moves.startsWith(user.moves.join(''))
    ? next
    : broken(next, `${NAMES[index]} received ${user.moves.join('')}, and the end is ${moves}`);
}

/** Each gateway without a session in the room drops its copy of the record. */
function unfollowed(state: State): State {
  const gateways = state.gateways.map((gateway, index) =>
    gateway.known && !state.users.some(({ at, binding }) => at === index && binding !== null) ? { ...gateway, known: null } : gateway,
  );
  return gateways.some((gateway, index) => gateway !== state.gateways[index]) ? { ...state, gateways } : state;
}

/** The gateway reads the record and sends its players the changes. */
function look(state: State, index: number, rules: Rules): State | null {
  const gateway = state.gateways[index];
  const isLocallySettled = gateway.settled === state.generation;
  const isBelieved = rules.absenceIsBelieved && !state.store.room;
  if (!isLocallySettled && !rules.viewsUnsettled && !isBelieved) return null;
  const here = state.users.flatMap(({ at, binding }, user) => (at === index && binding !== null ? user : []));
  if (here.length === 0) return null;
  const { room, closed } = state.store;
  const { known } = gateway;
  if (!room) {
    if (isBelieved || closed !== null || (!known && isLocallySettled))
      return unfollowed(here.reduce((next, user) => tellOut(next, user), state));
    // The record is missing, because the store lost it or the room was closed. No server can have changed a missing record, so the gateway
    // may restore its copy.
    return known && isLocallySettled ? withRoom(state, store.restoreRoom(null, known).room) : null;
  }
  if (known?.rev === room.rev && contentOf(known) !== contentOf(room) && gateway.marked === state.generation && !state.mayLose)
    return broken(state, `revision ${room.rev} is ${contentOf(known)} and ${contentOf(room)}`);
  const isOlder = known !== null && room.rev < known.rev;
  if (isOlder && (rules.lowerRevIsIgnored || !isLocallySettled)) return null;
  let next = state;
  const isSame = known?.rev === room.rev && (gateway.knownIn === state.generation || rules.lowerRevIsIgnored);
  // Within one generation, two records with the same revision can differ only in the owner. Players receive no message about a new owner,
  // so the gateway keeps the copy that it has.
  if (!isSame) {
    next = withGateway(next, index, { known: knownOf(room), knownIn: state.generation });
  }
  const record = isSame ? (known as Known) : knownOf(room);
  for (const user of here) next = follow(next, user, record);
  return unfollowed(next);
}

function follow(state: State, index: number, record: Known): State {
  const user = state.users[index];
  if (user.binding === null || user.binding > record.rev) return state;
  if (!has(record.doc, NAMES[index])) {
    // While a request of this session runs, the answer to the request decides whether the session is in the room. The gateway then ignores
    // the record.
    const isMoving = state.operations.some(({ user: other, gateway }) => other === index && gateway !== null);
    if (isMoving) return state;
    return user.mustRejoin ? asked(withUser(state, index, { mustRejoin: false }), index, 'join', user.at) : tellOut(state, index);
  }
  const next = user.mustRejoin ? withUser(state, index, { mustRejoin: false }) : state;
  if (user.round === null || (record.status === 'playing' && record.round === user.round)) return next;
  // If the next game has begun already, the player receives the end of the last game from the epilogue.
  const epilogue = state.results.find((told) => told.startsWith(`${user.round}=`)) ?? `${user.round}=${user.moves.join('')}`;
  return tellEnd(next, index, user.round, record.result ?? epilogue);
}

/** In a new generation, the gateway writes its copy of the record if the store has an older record or none. */
function restore(state: State, index: number, rules: Rules): State | null {
  const gateway = state.gateways[index];
  if (gateway.compared === state.generation) return null;
  const next = withGateway(state, index, { compared: state.generation });
  const { room, closed } = state.store;
  if (!gateway.known || rules.gatewayRestoresNothing) return next;
  // After the store is settled, the gateway restores only a missing record, because other servers have perhaps already changed an older
  // record that is in the store.
  if (room && state.settled === state.generation && !rules.restoreGoesBack) return next;
  if (!room && closed !== null && rules.restoreIgnoresClosed) return broken(next, 'a room that was closed is written again');
  const known = rules.restoreGoesBack ? { ...gateway.known, rev: Math.max(gateway.known.rev, (room?.rev ?? 0) + 1) } : gateway.known;
  return withRoom(next, store.restoreRoom(room, known, closed !== null).room);
}

function restoreUsers(state: State, index: number, rules: Rules): State | null {
  const gateway = state.gateways[index];
  if (gateway.marked === state.generation || gateway.compared !== state.generation) return null;
  let next = withGateway(state, index, { marked: state.generation });
  state.users.forEach(({ at, binding, turn, number }, user) => {
    if (at !== index || rules.pointersAreNotRestored) return;
    const [underWay] = state.operations.filter((operation) => operation.user === user && operation.gateway !== null);
    const first = underWay?.asked.number ?? number + 1;
    if (!underWay) next = withUser(next, user, { number: first });
    const restored = store.restoreUser(next.store.users[user], binding === null ? '' : ROOM, { turn, number: first });
    next = withStoredUser(next, user, restored.user);
  });
  return next;
}

/** The gateway learns that the store is settled, and updates its sessions. */
function hearSettled(state: State, index: number, rules: Rules): State | null {
  if (state.settled !== state.generation || state.gateways[index].settled === state.generation) return null;
  let next = withGateway(state, index, { settled: state.generation });
  state.users.forEach((user, at) => {
    if (user.at !== index) return;
    if (user.binding !== null && !rules.oldAnswersCount) next = withUser(next, at, { binding: 0 });
    if (user.binding !== null && rules.sessionsRejoin) next = withUser(next, at, { mustRejoin: true });
    // The user has left the room, but after a fallback the store perhaps lists the user as a member again. So the gateway requests the
    // departure again.
    const isMoving = state.operations.some((operation) => operation.user === at && operation.gateway !== null);
    if (user.binding === null && user.hasLeft && !isMoving && !rules.leaversAreNotRemoved) next = asked(next, at, 'take out', null);
  });
  return next;
}

// ── Lobbies ──────────────────────────────────────────────────────────────────────────────────────────────────────

function begin(state: State, at: number, rules: Rules): State | null {
  if (!isSettled(state) && !rules.lobbyWritesUnsettled) return null;
  const begun = withOperation(state, at, { stage: 'begun', readIn: state.generation });
  // When the generation has changed, a lobby repeats the whole operation. So in the model an operation begins and reads its data in one
  // step, except with the mutation `operationsOutliveGenerations`.
  return rules.operationsOutliveGenerations ? begun : read(begun, at, rules);
}

/** Returns whether the operation must begin again, because it read its data in another store generation. */
function mustBeginAgain(state: State, { readIn }: Operation, rules: Rules): boolean {
  return readIn !== state.generation && !rules.operationsOutliveGenerations;
}

function read(state: State, at: number, rules: Rules): State {
  const operation = state.operations[at];
  if (mustBeginAgain(state, operation, rules)) return withOperation(state, at, { stage: 'asked', before: null });
  const { kind, user, asked: by, before, gateway } = operation;
  const { room } = state.store;
  const stored = state.store.users[user];
  const fail = (next: State): State => withOperation(next, at, { stage: 'failed' });
  let next = state;
  const isMember = room !== null && has(room.doc, NAMES[user]);
  switch (kind) {
    case 'create':
    case 'join': {
      if (kind === 'join' && !room) return fail(state);
      if (kind === 'create' && stored.room === ROOM && isMember) return fail(state);
      if (before === null) {
        const moved = store.moveUser(stored, ROOM, by);
        if (!moved.isMoved) return fail(state);
        next = withStoredUser(state, user, moved.user);
      } else if (store.isLate(stored, by)) return fail(state);
      if (kind === 'join' && room?.status !== 'waiting' && !isMember) return fail(undone(next, user, by, before ?? stored.room));
      break;
    }
    // Removes the user after a failed join. Does not remove a user whom a later request has moved into the room.
    case 'expel':
      if (!isMember || (stored.room === ROOM && !isOwn(stored, by))) return fail(state);
      break;
    case 'leave':
    case 'take out':
    case 'remove': {
      // A departure (`take out`) removes the user even after a later admission of the user.
      const isLate = store.isLate(kind === 'take out' ? { ...stored, turn: 0 } : stored, by);
      if (!room || (isLate && (kind !== 'leave' || stored.room === ROOM || before !== null))) return fail(state);
      const out = kind === 'leave' ? store.leaveUser(stored, ROOM, by).user : store.moveUser(stored, '', by, ROOM).user;
      if (before === null) next = withStoredUser(state, user, out);
      // A repeated leave succeeds, because the user is no longer a member.
      if (!isMember) return kind === 'leave' && gateway !== null ? withOperation(next, at, { stage: 'answered' }) : fail(next);
      break;
    }
    default:
      if (stored.room !== ROOM || !isMember || room?.status !== 'waiting' || store.isLate(stored, by)) return fail(state);
      if (kind === 'start' && (room.doc.length < 2 || [...room.doc].some((name, seat) => seat > 0 && name !== name.toUpperCase())))
        return fail(state);
  }
  const seen = room && { rev: room.rev, doc: room.doc, status: room.status, round: room.round };
  return withOperation(next, at, { stage: 'read', read: seen, readIn: state.generation, before: before ?? stored.room });
}

/** Returns whether this request was the last one that changed the room of the user. */
function isOwn({ movedTurn, movedNumber }: StoredUser, { turn, number }: Asked): boolean {
  return movedTurn === turn && movedNumber === number;
}

/** Moves the user back to the room in which the user was before the request. */
function undone(state: State, user: number, by: Asked, before: string): State {
  return withStoredUser(state, user, store.moveUser(state.store.users[user], before, by, ROOM).user);
}

function write(state: State, at: number, rules: Rules): State {
  const operation = state.operations[at];
  const { kind, user, asked: by, before, read: seen } = operation;
  const fail = (next: State): State => withOperation(next, at, { stage: 'failed' });
  if (!isSettled(state) && !rules.lobbyWritesUnsettled)
    return fail(kind === 'join' && !mustBeginAgain(state, operation, rules) ? undone(state, user, by, before ?? '') : state);
  if (mustBeginAgain(state, operation, rules)) return withOperation(state, at, { stage: 'asked', before: null });
  const { room } = state.store;
  if (seen && room?.rev === seen.rev && seen.doc !== room.doc)
    return broken(state, `what was read as ${seen.doc} is written upon ${room.doc}, both of revision ${room.rev}`);
  const again = (): State => withOperation(state, at, { stage: 'begun' });
  const name = NAMES[user];
  if (kind === 'create') {
    const saved = store.save(room, { rev: null, doc: name, status: 'waiting', start: '', game: 'g' }, state.clock);
    if (!saved.isSaved) return withOperation(state, at, { stage: 'written', rev: room?.rev ?? 0 });
    const next = withRoom({ ...state, clock: state.clock + 1 }, saved.room);
    return withOperation({ ...next, store: { ...next.store, isListed: true } }, at, { stage: 'written', rev: state.clock });
  }
  if (!seen) return fail(state);
  if (kind === 'start') {
    const start = `st${state.named + 1}`;
    const saved = store.save(room, { rev: seen.rev, doc: seen.doc, status: 'starting', start, game: '' }, 0);
    if (!saved.isSaved) return again();
    return withOperation(withRoom({ ...state, named: state.named + 1 }, saved.room), at, { stage: 'written', rev: seen.rev + 1, start });
  }
  const doc = docAfter(kind, seen.doc, name);
  if (doc === seen.doc) return withOperation(state, at, { stage: 'written', rev: seen.rev });
  const next = kind !== 'leave' && doc.length < seen.doc.length ? withUser(state, user, { mayBeOut: true }) : state;
  if (doc === '' && seen.status !== 'playing') {
    const { closed, room: rest } = store.close(room, seen.rev);
    if (closed === null) return again();
    const content = { ...next.store, room: rest, closed, isListed: false };
    return withOperation({ ...next, store: content }, at, { stage: 'written', rev: 0 });
  }
  const saved = store.save(room, { rev: seen.rev, doc, status: '', start: '', game: '' }, 0);
  return saved.isSaved ? withOperation(withRoom(next, saved.room), at, { stage: 'written', rev: seen.rev + 1 }) : again();
}

/**
 * Writes the record, and then checks the user's room in the same step. Does not check it for a create or a join, whose check is a separate
 * step, or for a start, which needs no check.
 */
function writeAndCheck(state: State, at: number, rules: Rules): State {
  const next = write(state, at, rules);
  const { kind, stage } = next.operations[at];
  return stage === 'written' && !['create', 'join', 'start'].includes(kind) ? check(next, at, rules) : next;
}

function docAfter(kind: Operation['kind'], doc: string, name: string): string {
  if (kind === 'join') return has(doc, name) ? doc : doc + name;
  if (kind === 'ready') return doc.replace(name, name.toUpperCase());
  return [...doc].filter((member) => member.toLowerCase() !== name).join('');
}

/** Checks that a user is still in the room to which the operation moved the user. */
function check(state: State, at: number, rules: Rules): State {
  const operation = state.operations[at];
  if (mustBeginAgain(state, operation, rules)) return withOperation(state, at, { stage: 'asked', before: null });
  const { kind, user, asked: by, gateway } = operation;
  const stored = state.store.users[user];
  const isThere = stored.room === ROOM && !(store.isLate(stored, by) && isOwn(stored, by));
  // The store has perhaps lost the entry of a user who created the room. So a missing entry does not prove that the user has left.
  const isForgotten = kind === 'create' && stored.room === '' && !store.isLate(stored, by);
  if ((kind === 'join' || kind === 'create') && !isThere && !isForgotten) {
    // The lobby removes the member before the player receives the failure.
    return withOperation(state, at, { kind: 'expel', stage: 'asked' });
  }
  if (kind === 'expel') return withOperation(state, at, { stage: 'failed' });
  if (gateway === null) return withoutOperation(state, at);
  return withOperation(state, at, { stage: 'answered', readIn: rules.operationsOutliveGenerations ? 0 : operation.readIn });
}

function arrive(state: State, at: number, rules: Rules): State | null {
  const operation = state.operations[at];
  const { kind, user: index, gateway, stage, rev, askedIn, asked: by } = operation;
  const next = withoutOperation(state, at);
  const user = state.users[index];
  if (gateway === null || user.at !== gateway || user.turn !== by.turn) return next;
  const { known, marked } = state.gateways[gateway];
  const isEntry = kind === 'create' || kind === 'join' || kind === 'expel';
  // The gateway has restored its users in a newer generation than that of this request. So it repeats the request.
  if (askedIn !== state.generation && marked === state.generation && !rules.oldAnswersCount) {
    const again = { stage: 'asked' as const, askedIn: state.generation, before: null, kind: isEntry ? ('join' as const) : kind };
    return withOperation(state, at, again);
  }
  if (stage === 'failed') {
    if (!isEntry || user.isIn) return next;
    const out = unfollowed(tellOut(next, index));
    const isDue = user.hasLeft && state.generation > 0 && !rules.leaversAreNotRemoved;
    return isDue ? asked(out, index, 'take out', null) : out;
  }
  if (isEntry && user.binding === null && !rules.answersAheadOfRecords) return withUser(state, index, { binding: rev });
  // The answer waits until this gateway has read the record. Only then can the gateway restore the record in a store that lost it.
  if (kind !== 'leave' && !rules.answersAheadOfRecords && !(known && known.rev >= rev)) return null;
  switch (kind) {
    case 'create':
    case 'join':
      if (user.isIn && user.mayBeOut) return broken(state, `${NAMES[index]} left its room or was removed, and is in it again`);
      return withUser(next, index, { binding: user.binding ?? rev, isIn: true, mayBeOut: false, hasLeft: false });
    case 'leave':
      return unfollowed(tellOut(next, index));
    case 'ready':
      return withUser(next, index, { ready: known?.round ?? 0 });
    default:
      return next;
  }
}

/** A lobby reverts a start that no operation continues. Returns null when there is no start to revert, or when the store is not settled. */
function takeBack(state: State, rules: Rules): State | null {
  const { room } = state.store;
  if (room?.status !== 'starting' || (!isSettled(state) && !rules.lobbyWritesUnsettled)) return null;
  if (state.operations.some(({ start, stage }) => start === room.start && stage === 'written')) return null;
  return withRoom(state, store.save(room, { rev: room.rev, doc: room.doc, status: 'waiting', start: 'none', game: '' }, 0).room);
}

function enlist(state: State): State | null {
  const { room, isListed } = state.store;
  return (room !== null) === isListed ? null : { ...state, store: { ...state.store, isListed: room !== null } };
}

// ── Game servers ─────────────────────────────────────────────────────────────────────────────────────────────────

function open(state: State, at: number, index: number, rules: Rules): State | null {
  const { start } = state.operations[at];
  const server = state.servers[index];
  if (server.isDead || (!isSettled(state) && !rules.opensUnsettled)) return null;
  const owner = { owner: serverName(index), incarnation: 1 };
  const done = store.open(state.store.room, { start, ...owner, checkpoint: '', durability: 'every-change' }, state.clock);
  if (done.epoch === 0 || !done.room) return withOperation(state, at, { stage: 'failed' });
  const { round, doc, rev } = done.room;
  const hosted: Hosted = { epoch: done.epoch, round, start, doc, rev, moves: [], batch: '', inFlight: null, isBehind: false };
  const next = withServer({ ...withRoom(state, done.room), clock: Math.max(state.clock, done.epoch) + 1 }, index, { room: hosted });
  return withOperation(next, at, { stage: 'answered', rev });
}

function play(state: State, index: number, isEnd: boolean): State | null {
  const { epoch } = state.users[index];
  const at = state.servers.findIndex(({ room }) => epoch > 0 && room?.epoch === epoch);
  const room = state.servers[at]?.room;
  if (!room || room.inFlight) return null;
  const name = `m${state.named + 1}`;
  const inFlight = { isEnd, to: [...room.moves, name], batch: name, answer: '', rev: 0, doc: '' };
  return withServer({ ...state, named: state.named + 1 }, at, { room: { ...room, inFlight } });
}

function append(state: State, index: number, rules: Rules): State | null {
  const { room } = state.servers[index];
  const inFlight = room?.inFlight;
  if (!room || !inFlight || room.isBehind) return null;
  const { moves, epoch, round } = room;
  const { isEnd, to, batch, answer } = inFlight;
  if (answer !== '') return null;
  // When the owner writes the end of a game, the record gets a new revision. Before the store is settled, a lost record could have the same
  // revision with other content. So the owner waits until the store is settled.
  if (isEnd && !isSettled(state) && !rules.endsUnsettled) return null;
  const tenure = { epoch, owner: serverName(index), incarnation: 1, from: moves.length, batch };
  const result = `${round}=${to.join('')}`;
  const done = isEnd
    ? store.finish(state.store.room, { ...tenure, result, effects: `e${epoch}` })
    : store.append(state.store.room, { ...tenure, changes: to.slice(moves.length) });
  const { rev = 0, doc = '' } = done.room ?? {};
  return withServer(withRoom(state, done.room), index, { room: { ...room, inFlight: { ...inFlight, answer: done.answer, rev, doc } } });
}

function written(state: State, index: number, rules: Rules): State | null {
  const { room } = state.servers[index];
  if (!room?.inFlight || room.inFlight.answer === '') return null;
  const { answer, isEnd, to, batch, rev, doc } = room.inFlight;
  if (answer === 'behind' || answer === 'missing')
    return withServer(state, index, { room: { ...room, inFlight: { ...room.inFlight, answer: '' }, isBehind: true } });
  if (answer !== 'ok') return fenced(state, index, rules);
  if (isEnd) return over(state, index, rev, doc);
  let next = withServer(state, index, { room: { ...room, moves: to, batch, inFlight: null } });
  state.users.forEach((user, at) => {
    if (user.epoch === room.epoch) next = withUser(next, at, { moves: to });
  });
  return next;
}

function over(state: State, index: number, rev: number, doc: string): State {
  const { epoch, round, inFlight } = state.servers[index].room as Hosted;
  const { to, batch } = inFlight as InFlight;
  const result = `${round}=${to.join('')}`;
  const ended = { epoch, batch, result, effects: `e${epoch}`, rev, doc, round: round + 1, game: 'g', isWhole: true };
  let next = withServer(state, index, { room: null, ended });
  state.users.forEach((user, at) => {
    if (user.epoch === epoch) next = tellEnd(next, at, round, result);
  });
  return next;
}

/**
 * The store refuses a write of the owner. A possible reason is that a gateway restored this owner's end of the game before the owner
 * received the answer.
 */
function fenced(state: State, index: number, rules: Rules): State {
  const room = state.servers[index].room as Hosted;
  const { room: stored } = state.store;
  const isOwnEnd = room.inFlight?.isEnd && stored?.status !== 'playing' && stored?.result === `${room.round}=${room.inFlight.to.join('')}`;
  if (!isOwnEnd || !stored || rules.fencedEndIsDropped) return detached(withServer(state, index, { room: null }), room.epoch);
  const next = over(state, index, stored.rev, stored.doc);
  return withRoom(next, store.restoreEnd(stored, next.servers[index].ended as EndedGame).room);
}

function audit(state: State, index: number, rules: Rules): State | null {
  const server = state.servers[index];
  const { room: stored } = state.store;
  const { room } = server;
  const isNew = server.marked !== state.generation;
  const isFenced = room !== null && stored !== null && (stored.epoch ?? 0) > room.epoch;
  if ((!isNew && !isFenced) || server.isMissing) return null;
  let next = withServer(state, index, { marked: state.generation });
  if (isFenced) next = fenced(next, index, rules);
  else if (room && !(stored?.epoch === room.epoch && stored.version >= room.moves.length)) next = reassert(next, index, rules);
  if (!server.ended?.isWhole || rules.endsAreForgotten || !isNew) return next;
  const { room: before } = next.store;
  if (rules.endNeedsItsEpoch && before?.epoch !== server.ended.epoch) return next;
  const written = store.restoreEnd(before, server.ended);
  const isMissing = written.answer === 'missing';
  // When the store has no record, the server marks its data as compared with the store only after it has written the end of the game.
  const marked = isMissing && !rules.endsLate ? server.marked : state.generation;
  return withServer(withRoom(next, written.room), index, { isMissing, marked });
}

/** After the gateways have restored the record, the server writes the end of the game into the record. */
function endMissing(state: State, index: number, rules: Rules): State | null {
  const { ended, isMissing } = state.servers[index];
  if (!isMissing || !ended || !(rules.endsLate ? isSettled(state) : areGatewaysDone(state))) return null;
  return withServer(withRoom(state, store.restoreEnd(state.store.room, ended).room), index, { isMissing: false, marked: state.generation });
}

function areGatewaysDone({ gateways, generation }: State): boolean {
  return gateways.every(({ isDead, isAsleep, compared }) => isDead || isAsleep || compared === generation);
}

function repair(state: State, index: number, rules: Rules): State | null {
  return state.servers[index].room?.isBehind ? reassert(state, index, rules) : null;
}

function reassert(state: State, index: number, rules: Rules): State {
  const room = state.servers[index].room as Hosted;
  const { epoch, round, start, doc, rev, moves, batch, inFlight } = room;
  const { room: stored, closed } = state.store;
  // The reassert includes the changes of a running append, unless this append ends the game. The owner repeats an append that ends the game
  // after the reassert.
  const isOnItsWay = inFlight !== null && !inFlight.isEnd;
  const [to, as] = isOnItsWay ? [inFlight.to, inFlight.batch] : [moves, batch];
  const tenure = { epoch, owner: serverName(index), incarnation: 1 };
  const args = {
    ...tenure,
    version: to.length,
    batch: as,
    state: packed(to),
    doc,
    rev,
    game: 'g',
    durability: 'every-change',
    round,
    start,
  };
  const done = store.reassert(stored, rules.absentTakesNow && !stored ? { ...args, rev: state.clock + LATER } : args, closed !== null);
  if (done.answer !== 'ok' || !done.room) return fenced(state, index, rules);
  let written: StoredRoom = done.room;
  if (rules.absentTakesNow && stored) written = { ...written, doc: stored.doc, rev: stored.rev, round: stored.round };
  if (rules.reassertBumpsRev) written = { ...written, rev: written.rev + 1 };
  const next = withRoom({ ...state, clock: Math.max(state.clock, written.rev) + 1 }, written);
  const answered = isOnItsWay ? { ...inFlight, answer: 'ok' } : inFlight;
  return withServer(next, index, { room: { ...room, isBehind: false, inFlight: answered } });
}

/**
 * The store names this server as the owner of a running game, but the server does not run the game. If the server has already ended the
 * game, it writes the end to the record again. Otherwise it adopts the room.
 */
function sweep(state: State, index: number, rules: Rules): State | null {
  const { room: stored } = state.store;
  const { room, ended } = state.servers[index];
  if (stored?.status !== 'playing' || stored.owner !== serverName(index) || room || !mayAdopt(state)) return null;
  if (ended && ended.epoch >= (stored.epoch ?? 0) && !rules.sweepAdoptsEnded) {
    const { epoch, owner, incarnation } = stored;
    const expected = { epoch: epoch as number, owner, incarnation: incarnation as number };
    return withRoom(state, store.abandon(stored, { expected, result: ended.result }).room);
  }
  return adopt(state, index);
}

function adoptOthers(state: State, index: number): State | null {
  const { room: stored } = state.store;
  if (stored?.status !== 'playing' || !mayAdopt(state)) return null;
  return state.servers.some(({ isDead }, at) => isDead && stored.owner === serverName(at)) ? adopt(state, index) : null;
}

function mayAdopt(state: State): boolean {
  return state.servers.every(({ isDead, marked }) => isDead || marked === state.generation);
}

function adopt(state: State, index: number): State {
  const stored = state.store.room as StoredRoom;
  const { owner, incarnation } = stored;
  const expected = { epoch: stored.epoch as number, owner, incarnation: incarnation as number };
  const done = store.adopt(stored, { expected, owner: serverName(index), incarnation: 1, epochMin: 0 }, state.clock);
  if (!done.adopted || !done.room) return state;
  const { round, doc, start, rev } = done.room;
  const { epoch, batch } = done.adopted;
  const room: Hosted = { epoch, round, start, doc, rev, moves: movesOf(stored), batch, inFlight: null, isBehind: false };
  const next = withServer({ ...withRoom(state, done.room), clock: Math.max(state.clock, epoch) + 1 }, index, { room });
  const [witness] = state.users.flatMap(({ ended }, user) => (ended.includes(round) ? NAMES[user] : []));
  return witness ? broken(next, `${witness} was told the end of round ${round}, and ${serverName(index)} takes it up again`) : next;
}

/** Runs the last effect of a game on the game's owner, or on a server that finds the effect in the store. */
function doEffect(state: State, index: number): State | null {
  const { ended } = state.servers[index];
  const { room } = state.store;
  const isMine = ended !== null && ended.effects !== '';
  const isHeld = state.servers.some((server) => !server.isDead && server.ended?.effects === room?.effects);
  if (!isMine && (!room?.effects || isHeld)) return null;
  const effect = isMine ? ended.effects : (room?.effects as string);
  const epoch = Number(effect.slice(1));
  const next = isMine ? withServer(state, index, { ended: { ...ended, effects: '' } }) : state;
  const effects = state.effects.includes(epoch) ? state.effects : [...state.effects, epoch].sort();
  return withRoom({ ...next, effects }, room?.effects === effect ? { ...room, effects: null } : room);
}

// ── Faults and their results ─────────────────────────────────────────────────────────────────────────────────────

/** The store falls back to an earlier state. All connections break, and writes in flight are lost. */
function fallBack(state: State, to: Store, past: readonly Store[]): State {
  const generation = state.generation + 1;
  const servers = state.servers.map((server) => {
    const { room, ended } = server;
    // A server without a room and without the end of a game has no data to compare with the store.
    if (!room && !ended) return { ...server, isMissing: false, marked: generation };
    return { ...server, isMissing: false, room: room?.inFlight ? { ...room, inFlight: { ...room.inFlight, answer: '' } } : room };
  });
  const mayLose = state.mayLose || state.gateways.some(({ isAsleep }) => isAsleep);
  return { ...state, store: to, past, generation, mayLose, clock: state.clock + 1, servers };
}

function isSettled(state: State): boolean {
  return state.settled === state.generation;
}

/** The store is settled when every living server has set its mark for this generation. */
function settle(state: State, rules: Rules): State | null {
  if (isSettled(state)) return null;
  const gateways = rules.gatewayDoesNotMark ? [] : state.gateways.filter(({ isAsleep }) => !isAsleep);
  return [...state.servers, ...gateways].every(({ isDead, marked }) => isDead || marked === state.generation)
    ? { ...state, settled: state.generation }
    : null;
}

/**
 * Returns whether a process may be killed: only when no further fallback is allowed. If the store falls back and a process is killed, data
 * that only this process had is lost. The protocol permits this loss, so the model does not contain this case.
 */
function mayKill(state: State): boolean {
  return state.budget.fallback === 0 && isSettled(state);
}

function killServer(state: State, index: number): State | null {
  const { room } = state.servers[index];
  if (!mayKill(state)) return null;
  if (state.servers.filter(({ isDead }) => !isDead).length < 2) return null;
  return detached(withServer(state, index, { isDead: true, room: null, ended: null }), room?.epoch ?? -1);
}

function killGateway(state: State, index: number): State | null {
  if (!mayKill(state)) return null;
  if (state.gateways.filter(({ isDead }) => !isDead).length < 2) return null;
  const next = withGateway(state, index, { isDead: true, known: null });
  const users = state.users.map((user) => (user.at === index ? { ...user, at: null, binding: null, epoch: 0, hasLeft: false } : user));
  return { ...next, users };
}

// ── Invariants and goal ──────────────────────────────────────────────────────────────────────────────────────────

function violationOf({ flaw }: State): string | null {
  return flaw;
}

/**
 * Returns whether each player sees the current room, or was notified that the player is not a member. In addition, the stored user of each
 * member must name the room. If the room exists, the list of rooms must contain it.
 */
function isGoal(state: State): boolean {
  return whyNotYet(state) === null;
}

/** Returns the first reason why this state is not the goal. Null: it is the goal. */
export function whyNotYet(state: State): string | null {
  const { room, isListed } = state.store;
  if (state.gateways.some(({ isAsleep }) => isAsleep)) return 'a gateway sleeps';
  if (!isSettled(state) || state.operations.length > 0) return 'something is under way';
  if (isListed !== (room !== null)) return 'the list does not agree with the room';
  if (room?.status === 'starting') return 'a start is under way';
  const owner = state.servers.find(({ room: hosted }) => hosted && hosted.epoch === room?.epoch)?.room ?? null;
  if (room?.status === 'playing' && (!owner || owner.inFlight)) return 'the game has no owner';
  if (state.servers.some(({ room: hosted }) => hosted && (hosted !== owner || room?.status !== 'playing')))
    return 'a server has a room that is not its own';
  for (const [index, user] of state.users.entries()) {
    const why = whyNot(state, index, user, owner);
    if (why) return `${NAMES[index]} ${why}`;
  }
  return null;
}

function whyNot(
  { store: { room, users }, gateways, effects, mayLose }: State,
  index: number,
  user: User,
  owner: Hosted | null,
): string | null {
  const isMember = room !== null && has(room.doc, NAMES[index]);
  if (user.at === null) return 'is not connected';
  if (user.isIn !== isMember) return isMember ? 'is a member, and was told that it is not' : 'is no member, and was told that it is';
  // The stored user of a member must name the room. The stored user of a non-member may also name it.
  if (isMember && users[index].room !== ROOM) return 'is a member, and nothing leads it there';
  if ((user.binding !== null) !== isMember) return 'has a session that does not agree with the room';
  if (user.ended.some((round) => (room?.round ?? 9) <= round)) return 'was told an end that the room does not know';
  if (effects.length < user.ended.length) return 'was told an end whose effect is not done';
  if (!isMember || !room) return null;
  const { known } = gateways[user.at];
  if (known?.rev !== room.rev || known.status !== room.status || known.epoch !== room.epoch) return 'does not see the room as it is';
  if ((user.binding ?? 0) > room.rev) return 'waits for a revision that does not come';
  if (!mayLose && room.status === 'waiting' && user.ready === room.round && !room.doc.includes(NAMES[index].toUpperCase()))
    return 'was told that it is ready, and is not';
  if (room.status === 'playing' && (user.epoch !== owner?.epoch || user.moves.length !== owner.moves.length))
    return 'is not attached to the owner';
  return room.status !== 'playing' && user.round !== null ? 'was not told the end' : null;
}

/** Combines the hashes of the parts of the state. Sorts the hashes of the operations, because the order of operations does not matter. */
function hashOf(state: State): number {
  const { clock, store: content, past, generation, settled, servers, gateways, users, operations, budget, named, flaw } = state;
  const parts = [
    partHashOf(content),
    ...past.map(partHashOf),
    '|',
    ...servers.map(partHashOf),
    ...gateways.map(partHashOf),
    ...users.map(partHashOf),
  ];
  const rest = [partHashOf(budget), partHashOf(state.results), partHashOf(state.effects), flaw];
  return cyrb53(
    `${clock} ${generation} ${settled} ${named} ${state.mayLose} ${parts.join(' ')} ${operations.map(partHashOf).sort().join(' ')} ${rest.join(' ')}`,
  );
}

export const RECORD_PROTOCOL: Model<State, Rules> = { stepsOf, violationOf, isGoal, hashOf };

// ── Helpers for values ───────────────────────────────────────────────────────────────────────────────────────────────────────

function broken(state: State, flaw: string): State {
  return { ...state, flaw: state.flaw ?? flaw };
}

function detached(state: State, epoch: number): State {
  return { ...state, users: state.users.map((user) => (user.epoch === epoch ? { ...user, epoch: 0 } : user)) };
}

function withRoom(state: State, room: StoredRoom | null): State {
  return room === state.store.room ? state : { ...state, store: { ...state.store, room } };
}

function withStoredUser(state: State, index: number, user: StoredUser): State {
  const users = state.store.users.map((other, at) => (at === index ? user : other));
  return JSON.stringify(user) === JSON.stringify(state.store.users[index]) ? state : { ...state, store: { ...state.store, users } };
}

function withServer(state: State, index: number, change: Partial<Server>): State {
  return { ...state, servers: state.servers.map((server, at) => (at === index ? { ...server, ...change } : server)) };
}

function withGateway(state: State, index: number, change: Partial<Gateway>): State {
  return { ...state, gateways: state.gateways.map((gateway, at) => (at === index ? { ...gateway, ...change } : gateway)) };
}

function withUser(state: State, index: number, change: Partial<User>): State {
  return { ...state, users: state.users.map((user, at) => (at === index ? { ...user, ...change } : user)) };
}

function withOperation(state: State, at: number, change: Partial<Operation>): State {
  return { ...state, operations: state.operations.map((operation, index) => (index === at ? { ...operation, ...change } : operation)) };
}

function withoutOperation(state: State, at: number): State {
  return { ...state, operations: state.operations.filter((_, index) => index !== at) };
}

/** Returns a text with the fields of a record that may change only with its revision. */
function contentOf({ doc, status, round, result }: KnownRoom): string {
  return `${doc || 'nobody'} ${status} ${round}${result ? ` after ${result}` : ''}`;
}

function knownOf({ rev, doc, game, status, round, result, start, epoch, owner }: StoredRoom): Known {
  return { rev, doc, game, status, round, result, start, epoch, owner };
}

/** Returns whether the document has this member. The member may be ready or not. */
function has(doc: string, name: string): boolean {
  return doc.toLowerCase().includes(name);
}

function packed(moves: readonly string[]): string {
  return `=${moves.join(' ')}`;
}

function movesOf({ checkpoint, log }: StoredRoom): readonly string[] {
  return [...(checkpoint && checkpoint.length > 1 ? checkpoint.slice(1).split(' ') : []), ...log];
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((move, at) => long[at] === move);
}

import { cyrb53, partHashOf, type Step as StepTo } from './explorer.js';
import * as store from './store.js';
import { EMPTY, type StoredRoom, type Tenure } from './store.js';

/**
 * The model of one room with its store, servers and players, and every step from each state. The servers of the model decide as
 * `libs/room-host` does. `Rules` switches off single rules of the protocol. Without a rule, the explorer must find a violation.
 *
 * The state of a room is its history of changes: `a1` is a command, `a1!b1` also records the refusal of b1, and `.` is a change
 * without a command.
 */
export interface State {
  /** The clock from which new epochs are taken. It grows with each new epoch and each fallback. */
  readonly clock: number;
  readonly store: StoredRoom | null;
  /** The content to which the next fallback returns the store. */
  readonly durable: StoredRoom | null;
  /** The generation of the store, which grows with each fallback. */
  readonly generation: number;
  readonly servers: readonly Server[];
  readonly players: readonly Player[];
  readonly wire: readonly Message[];
  readonly budget: Budget;
  // The protocol does not have the following fields. The explorer uses them to check the protocol.
  /** For each player, the longest history that the player received. */
  readonly told: readonly string[];
  /** All epochs that were assigned, as `epoch:server.incarnation`. */
  readonly issued: readonly string[];
  /** The first violation. Null: no rule was violated so far. */
  readonly flaw: string | null;
}

export interface Server {
  readonly life: 'running' | 'paused' | 'dead';
  readonly incarnation: number;
  /** Whether this incarnation is evicted. The process of an evicted incarnation can still be running. */
  readonly condemned: boolean;
  readonly room: Hosted | null;
  readonly epochSeen: number;
  /** The store generation in which this server last audited its rooms. */
  readonly audited: number;
}

export interface Hosted {
  readonly status: 'active' | 'freezing' | 'lame';
  readonly epoch: number;
  readonly batch: string;
  readonly durable: readonly string[];
  /** The history with the changes that are not durable yet. Its first part is `durable`. */
  readonly value: readonly string[];
  readonly inFlight: { readonly to: number; readonly batch: string } | null;
  /** Refusals that are not recorded yet, not even in `value`. */
  readonly refused: readonly string[];
  /** Refusals that the owner has not sent yet. The owner sends each refusal when the version `after` is durable. */
  readonly waiting: readonly { readonly command: string; readonly after: number }[];
  /** The highest sequence number of a handled command, by seat. */
  readonly seen: readonly number[];
  /** Whether the store has answered that its log is shorter than the history of this owner. */
  readonly behind: boolean;
  /** The new owner while the room migrates. Null: the room does not migrate. */
  readonly to: Tenure | null;
}

export interface Player {
  readonly commands: number;
  /** The state of each command, as one character: `?` no answer, `+` applied, `-` refused. */
  readonly answers: string;
  /** The server to which the player is attached. Null: the player is not attached. */
  readonly at: number | null;
  readonly epoch: number;
  /**
   * The highest sequence number that the player sent since the attachment. The player sends new commands in order. So a lower number can
   * arrive only in a repeated copy of an earlier command.
   */
  readonly sent: number;
  /** A copy of a sent command that can still arrive. Null: there is no copy. The copy is lost when the attachment ends. */
  readonly copy: { readonly seq: number; readonly settled: number } | null;
}

/**
 * A request to the store. After the store has run it, the same object contains the reply. The store can run the request after the sender
 * has died.
 */
export interface Message {
  readonly from: number;
  readonly incarnation: number;
  /** Whether the sender still waits for the reply. False after a timeout or the death of its process. */
  readonly live: boolean;
  readonly verb: 'append' | 'checkpoint' | 'handoff' | 'reassert' | 'adopt' | 'fence';
  readonly tenure: Tenure;
  readonly version: number;
  readonly batch: string;
  readonly history: readonly string[];
  /** For `append`: the length of the history that the store must have before the append. */
  readonly base: number;
  readonly to: Tenure | null;
  readonly reply: Reply | null;
}

interface Reply {
  readonly answer: string;
  readonly adopted: store.Adopted | null;
  /** Whether the sender may receive the reply. False as long as a fallback of the store could undo the change. */
  readonly counts: boolean;
}

/** For each kind of fault, the number of times that it may still happen. */
export interface Budget {
  readonly kill: number;
  readonly pause: number;
  /** Number of evictions of servers that are not dead. */
  readonly falseVerdict: number;
  readonly fallback: number;
  /** Number of fallbacks to an empty store. */
  readonly wipe: number;
  readonly lostReply: number;
  readonly disconnect: number;
  readonly migrate: number;
  readonly checkpoint: number;
  /** Number of commands that the handler refuses. */
  readonly refusal: number;
  /** Number of changes without a command, such as finished effects. */
  readonly chore: number;
  readonly copy: number;
}

export const NO_BUDGET: Budget = {
  kill: 0,
  pause: 0,
  falseVerdict: 0,
  fallback: 0,
  wipe: 0,
  lostReply: 0,
  disconnect: 0,
  migrate: 0,
  checkpoint: 0,
  refusal: 0,
  chore: 0,
  copy: 0,
};

/** Each field names one rule of the protocol. True: the servers of the model do not follow the rule. */
export interface Mutations {
  readonly appendIgnoresEpoch: boolean;
  readonly blindRetry: boolean;
  readonly outputBeforeCommit: boolean;
  readonly readBeforeFence: boolean;
  readonly unfencedCheckpoint: boolean;
  readonly checkpointMayGoBack: boolean;
  readonly epochFromStoreAlone: boolean;
  readonly noAuditBarrier: boolean;
  readonly adoptOutlivesFallback: boolean;
  readonly sourceResumes: boolean;
  readonly sourceDropsCopy: boolean;
  readonly lameNeverAdopts: boolean;
  readonly noDedup: boolean;
  readonly adoptionCountsAtOnce: boolean;
  readonly refusedAgainAtOnce: boolean;
  readonly syncHidesRefusals: boolean;
  readonly choreForgetsRefusals: boolean;
  readonly copiesOutliveAttachment: boolean;
}

export interface Rules extends Partial<Mutations> {
  /** `strict`: a sender receives the reply when no fallback can undo the change any more. `weak`: it receives the reply immediately. */
  readonly store: 'strict' | 'weak';
}

export type Step = StepTo<State>;

const serverName = (index: number): string => `s${index}`;
const indexOf = (owner: string): number => Number(owner.slice(1));
const SEATS = 'ab';
/** The suffix of the batch id of an append that was repeated under a new id (`blindRetry`). */
const BLIND = "'";

export function initialState(servers: number, commands: readonly number[], budget: Partial<Budget>): State {
  const epoch = 1;
  const record: StoredRoom = { ...EMPTY, epoch, owner: 's0', incarnation: 0, status: 'playing', checkpoint: packed([]) };
  const hosted: Hosted = {
    status: 'active',
    epoch,
    batch: '',
    durable: [],
    value: [],
    inFlight: null,
    refused: [],
    waiting: [],
    seen: commands.map(() => 0),
    behind: false,
    to: null,
  };
  return {
    clock: 1,
    store: record,
    durable: record,
    generation: 0,
    servers: Array.from({ length: servers }, (_, index) => ({
      life: 'running',
      incarnation: 0,
      condemned: false,
      room: index === 0 ? hosted : null,
      epochSeen: index === 0 ? epoch : 0,
      audited: 0,
    })),
    players: commands.map((count) => ({ commands: count, answers: '?'.repeat(count), at: null, epoch: 0, sent: 0, copy: null })),
    wire: [],
    budget: { ...NO_BUDGET, ...budget },
    told: [],
    issued: ['1:s0.0'],
    flaw: null,
  };
}

/** Returns whether this state is the goal: all commands are answered, and a living owner runs the room at the epoch of the store. */
export function isGoal(state: State): boolean {
  if (state.players.some(({ answers }) => answers.includes('?'))) return false;
  return state.servers.some(
    ({ life, condemned, incarnation, room }, index) =>
      life === 'running' &&
      !condemned &&
      room?.status === 'active' &&
      state.store?.epoch === room.epoch &&
      state.store.owner === serverName(index) &&
      state.store.incarnation === incarnation,
  );
}

/** Combines the hashes of the parts of the state. Most of these hashes are cached, because a step changes only a few parts. */
export function hashOf(state: State): number {
  const { clock, store, durable, generation, servers, players, wire, budget, told, issued, flaw } = state;
  // Sorts the hashes of the messages, because two states are equal when they differ only in the order of undelivered messages.
  const messages = wire.map(partHashOf).sort();
  const parts = [
    store && partHashOf(store),
    durable && partHashOf(durable),
    ...servers.map(partHashOf),
    '|',
    ...players.map(partHashOf),
    '|',
    ...messages,
  ];
  return cyrb53(`${clock} ${generation} ${parts.join(' ')} ${partHashOf(budget)} ${partHashOf(told)} ${partHashOf(issued)} ${flaw}`);
}

/** Returns the history that can be read from the store. Null: the log has a gap. */
export function historyOf(room: StoredRoom): readonly string[] | null {
  return revived(room.checkpoint ?? '', room.log, room.version);
}

/** Returns all steps that are possible in this state. */
export function stepsOf(state: State, rules: Rules): Step[] {
  const steps: Step[] = [];
  const step = (label: string, next: State): void => void steps.push({ label, isFault: false, next });
  const fault = (label: string, cost: keyof Budget, change: () => State): void => {
    if (state.budget[cost] === 0) return;
    const next = change();
    steps.push({ label, isFault: true, next: { ...next, budget: { ...next.budget, [cost]: next.budget[cost] - 1 } } });
  };

  state.servers.forEach((server, index) => {
    const name = serverName(index);
    const { room } = server;
    if (server.life === 'running') {
      if (room) {
        if (canResend(state, index, room)) step(`${name} sends its append`, sendAppend(state, index, rules));
        if (room.status === 'freezing' && !isDirty(room) && !room.behind && !isAwaiting(state, index, 'handoff')) {
          step(`${name} sends the handoff`, sendHandoff(state, index));
        }
        if (room.status === 'active') {
          state.servers.forEach((target, at) => {
            if (at !== index && !target.condemned) {
              fault(`${name} is to hand the room to ${serverName(at)}`, 'migrate', () => freeze(state, index, at));
            }
          });
          fault(`${name} records a chore`, 'chore', () => flush(withHosted(state, index, handled(room, '.', rules)), index, rules));
        }
        if (room.status !== 'lame' && room.durable.length > 0)
          fault(`${name} sends a checkpoint`, 'checkpoint', () => sendCheckpoint(state, index));
        if (room.status === 'lame' && hasTakenOver(state, room)) step(`${name} hears that the room is taken over`, drop(state, index));
      }
      const audit = auditOf(state, index, rules);
      if (audit) step(`${name} audits its room`, audit);
      if (canAdopt(state, index, rules)) step(`${name} asks to adopt`, sendAdopt(state, index, rules));
      if (server.condemned) step(`${name} finds itself evicted and joins anew`, rejoin(state, index));
    }
    if (server.life === 'paused') step(`${name} wakes`, withServer(state, index, { life: 'running' }));
    if (server.life === 'running') fault(`${name} is paused`, 'pause', () => withServer(state, index, { life: 'paused' }));
    if (server.life !== 'dead') fault(`${name} is killed`, 'kill', () => kill(state, index));
    if (!server.condemned) {
      if (server.life === 'dead') step(`${name} is evicted`, withServer(state, index, { condemned: true }));
      else fault(`${name} is evicted though it lives`, 'falseVerdict', () => withServer(state, index, { condemned: true }));
    }
  });

  state.wire.forEach((message, at) => {
    const what = `the ${message.verb} of ${serverName(message.from)}`;
    if (message.reply === null) step(`${what} runs`, runMessage(state, at, rules));
    else if (message.reply.counts && state.servers[message.from].life === 'running') {
      step(`${what} is answered: ${message.reply.answer}`, receive(state, at, rules));
    }
    if (message.live) fault(`${what} times out`, 'lostReply', () => timeOut(state, at));
  });

  if (hasFallbacks(state) && state.durable !== state.store) step('the store is durable', settle(state));
  fault('the store falls back', 'fallback', () => fallBack(state, state.durable, rules));
  fault('the store loses everything', 'wipe', () => fallBack(state, null, rules));

  state.players.forEach((player, seat) => {
    state.servers.forEach((server, index) => {
      if (player.at === index || server.life !== 'running' || !server.room || server.room.status === 'lame') return;
      if (server.room.epoch < player.epoch) return;
      step(`${SEATS[seat]} is attached to ${serverName(index)}`, attach(state, seat, index, rules));
    });
    if (player.at === null) return;
    fault(`${SEATS[seat]} is disconnected`, 'disconnect', () => withPlayer(state, seat, { at: null }));
    const { at } = player;
    if (state.servers[at].life !== 'running' || !state.servers[at].room) return;
    const settled = settledOf(player);
    for (let seq = settled + 1; seq <= player.commands; seq++) {
      if (player.answers[seq - 1] !== '?') continue;
      const isNew = seq > player.sent;
      if (isNew && player.answers.slice(player.sent, seq - 1).includes('?')) break;
      deliveries(
        isNew ? withPlayer(state, seat, { sent: seq }) : state,
        state,
        seat,
        seq,
        settled,
        `${SEATS[seat]}${seq} comes to ${serverName(at)}`,
        rules,
        steps,
      );
      if (!player.copy)
        fault(`a copy of ${SEATS[seat]}${seq} is on the road`, 'copy', () => withPlayer(state, seat, { copy: { seq, settled } }));
    }
    if (player.copy) {
      const { seq, settled } = player.copy;
      const arrived = withPlayer(state, seat, { copy: null });
      deliveries(arrived, arrived, seat, seq, settled, `the copy of ${SEATS[seat]}${seq} comes to ${serverName(at)}`, rules, steps);
    }
  });
  return steps;
}

// ── Steps of players ──────────────────────────────────────────────────────────────────────────────────────────────────────

function attach(state: State, seat: number, index: number, rules: Rules): State {
  const room = state.servers[index].room as Hosted;
  let next = withPlayer(state, seat, { at: index, epoch: room.epoch, sent: 0, ...(!rules.copiesOutliveAttachment && { copy: null }) });
  // Drops the refusals for the player's previous attachment.
  next = withHosted(next, index, { ...room, waiting: room.waiting.filter(({ command }) => command[0] !== SEATS[seat]) });
  // Sends the refusals before the sync, because a sync answers all earlier commands that were not refused.
  for (const command of refusalsIn(room.durable))
    if (command[0] === SEATS[seat]) next = sayRefused(next, index, command, room.durable.length);
  return sync(next, seat, index);
}

/** Adds to `steps` the possible results of a command that arrives at the owner to which its player is attached. */
function deliveries(
  state: State,
  before: State,
  seat: number,
  seq: number,
  settled: number,
  label: string,
  rules: Rules,
  steps: Step[],
): void {
  const index = state.players[seat].at as number;
  const room = state.servers[index].room as Hosted;
  const command = SEATS[seat] + seq;
  const step = (next: State, how = ''): void => {
    if (next !== before) steps.push({ label: label + how, isFault: false, next });
  };
  switch (judgeSeq(room, seat, seq, settled, rules)) {
    case 'ignore':
      return step(state, ' and is passed over');
    case 'applied':
      return step(sync(state, seat, index), ' and is acknowledged again');
    case 'refused-before': {
      if (!isDirty(room) || rules.refusedAgainAtOnce)
        return step(sayRefused(state, index, command, isDirty(room) ? room.value.length : 0), ' and is refused again');
      if (room.waiting.some((waiting) => waiting.command === command)) return step(state, ' and is passed over');
      return step(
        withHosted(state, index, { ...room, waiting: [...room.waiting, { command, after: room.value.length }] }),
        ' and is to be refused again',
      );
    }
    case 'next': {
      if (room.status !== 'active') return;
      const seen = room.seen.map((highest, other) => (other === seat ? seq : highest));
      step(flush(withHosted(state, index, { ...handled(room, command, rules), seen }), index, rules), ' and is handled');
      if (state.budget.refusal === 0) return;
      const spent = { ...state, budget: { ...state.budget, refusal: state.budget.refusal - 1 } };
      const refused = [...room.refused, command];
      const waiting = isDirty(room) ? [...room.waiting, { command, after: room.value.length }] : room.waiting;
      const noted = withHosted(spent, index, { ...room, seen, refused, waiting });
      step(isDirty(room) ? noted : sayRefused(noted, index, command, room.durable.length), ' and is refused');
    }
  }
}

function judgeSeq(
  room: Hosted,
  seat: number,
  seq: number,
  settled: number,
  rules: Rules,
): 'next' | 'applied' | 'refused-before' | 'ignore' {
  if (rules.noDedup) return 'next';
  const command = SEATS[seat] + seq;
  if (room.refused.includes(command) || refusalsIn(room.value).includes(command)) return 'refused-before';
  if (seq <= seqOf(room.durable, seat)) return 'applied';
  if (seq <= room.seen[seat]) return 'ignore';
  return seq === Math.max(room.seen[seat], settled) + 1 ? 'next' : 'ignore';
}

/** Sends the durable history to a player. The history answers all commands up to the player's last sequence number: they are applied. */
function sync(state: State, seat: number, index: number, history?: readonly string[]): State {
  const shown = history ?? (state.servers[index].room as Hosted).durable;
  const seq = seqOf(shown, seat);
  const { answers } = state.players[seat];
  const next = withPlayer(state, seat, { answers: [...answers].map((answer, at) => (answer === '?' && at < seq ? '+' : answer)).join('') });
  return tell(next, shown);
}

function tell(state: State, shown: readonly string[]): State {
  const [short, long] = shown.length < state.told.length ? [shown, state.told] : [state.told, shown];
  if (!isPrefix(short, long)) return { ...state, flaw: `players were shown two histories: ${text(state.told)} and ${text(shown)}` };
  return long === state.told || long.length === state.told.length ? state : { ...state, told: long };
}

function sayRefused(state: State, index: number, command: string, basis: number): State {
  const seat = SEATS.indexOf(command[0]);
  const player = state.players[seat];
  const room = state.servers[index].room as Hosted;
  if (player.at !== index) return state;
  if (basis > room.durable.length)
    return { ...state, flaw: `the refusal of ${command} was heard before the changes it was decided on were durable` };
  const at = Number(command.slice(1)) - 1;
  if (player.answers[at] !== '?') return state;
  return withPlayer(state, seat, { answers: `${player.answers.slice(0, at)}-${player.answers.slice(at + 1)}` });
}

function settledOf({ answers }: Player): number {
  const oldest = answers.indexOf('?');
  return oldest === -1 ? answers.length : oldest;
}

// ── Steps of the owner ────────────────────────────────────────────────────────────────────────────────────────────────────

function isDirty(room: Hosted): boolean {
  return room.value.length > room.durable.length;
}

function handled(room: Hosted, what: string, rules: Rules): Hosted {
  const forgets = what === '.' && rules.choreForgetsRefusals;
  const change = forgets ? what : [what, ...room.refused].join('!');
  return { ...room, value: [...room.value, change], refused: [] };
}

function isAwaiting(state: State, index: number, verb: Message['verb']): boolean {
  return state.wire.some((message) => message.live && message.from === index && message.verb === verb);
}

function canResend(state: State, index: number, room: Hosted): boolean {
  return (
    room.inFlight !== null &&
    room.status !== 'lame' &&
    !room.behind &&
    !isAwaiting(state, index, 'append') &&
    !isAwaiting(state, index, 'reassert')
  );
}

/** Appends all changes since the last append, unless an append is running. */
function flush(state: State, index: number, rules: Rules): State {
  const server = state.servers[index];
  const room = server.room as Hosted;
  let next = state;
  if (rules.outputBeforeCommit) {
    state.players.forEach((player, seat) => {
      if (player.at === index) next = sync(next, seat, index, room.value);
    });
  }
  if (room.inFlight || room.behind || !isDirty(room)) return next;
  const changes = room.value.slice(room.durable.length);
  const batch = `${serverName(index)}.${server.incarnation} ${room.epoch}-${room.durable.length}:${text(changes)}`;
  return sendAppend(withHosted(next, index, { ...room, inFlight: { to: room.value.length, batch } }), index, {} as Rules);
}

function sendAppend(state: State, index: number, rules: Rules): State {
  const room = state.servers[index].room as Hosted;
  const { to, batch } = room.inFlight as NonNullable<Hosted['inFlight']>;
  return send(state, index, {
    verb: 'append',
    version: to,
    base: room.durable.length,
    batch: rules.blindRetry ? batch + BLIND : batch,
    history: room.value.slice(0, to),
  });
}

function sendCheckpoint(state: State, index: number): State {
  const { durable } = state.servers[index].room as Hosted;
  return send(state, index, { verb: 'checkpoint', version: durable.length, history: durable });
}

function freeze(state: State, index: number, target: number): State {
  const room = state.servers[index].room as Hosted;
  const epoch = Math.max(room.epoch + 1, state.clock);
  const to = { epoch, owner: serverName(target), incarnation: state.servers[target].incarnation };
  return issue(withHosted({ ...state, clock: epoch + 1 }, index, { ...room, status: 'freezing', to }), to);
}

function sendHandoff(state: State, index: number): State {
  const { durable, to } = state.servers[index].room as Hosted;
  return send(state, index, { verb: 'handoff', version: durable.length, history: durable, to });
}

function hasTakenOver(state: State, { to }: Hosted): boolean {
  return to !== null && state.servers.some(({ life, room }) => life === 'running' && room !== null && room.epoch >= to.epoch);
}

/**
 * Returns the state after the next step of a server's audit. Null: no audit is due. An audit is due after an outage of the store, and when
 * the store has fewer changes than the owner.
 */
function auditOf(state: State, index: number, rules: Rules): State | null {
  const server = state.servers[index];
  const { room } = server;
  const isDue = server.audited < state.generation || room?.behind;
  if (!isDue || isAwaiting(state, index, 'reassert') || isAwaiting(state, index, 'handoff')) return null;
  const audited = { audited: state.generation };
  if (!room) return withServer(state, index, audited);
  const record = state.store;
  if (record?.epoch != null && record.epoch > room.epoch) {
    return letGo(withServer(state, index, audited), index);
  }
  const isMine = record?.epoch === room.epoch && record.owner === serverName(index) && record.incarnation === server.incarnation;
  if (room.status === 'lame' && isMine) {
    if (rules.sourceResumes) return withServer(state, index, { room: { ...room, status: 'active', to: null } });
    return sendHandoff(state, index);
  }
  const { inFlight } = room;
  if (isMine && (record.version === room.durable.length || record.batch === inFlight?.batch) && !room.behind)
    return withServer(state, index, audited);
  const to = inFlight?.to ?? room.durable.length;
  return send(state, index, { verb: 'reassert', version: to, batch: inFlight?.batch ?? room.batch, history: room.value.slice(0, to) });
}

/**
 * Marks changes as durable after an append or a reassert. Sends these changes to the players, and then the refusals that waited for them.
 */
function commit(state: State, index: number, rules: Rules): State {
  const room = state.servers[index].room as Hosted;
  const { to, batch } = room.inFlight as NonNullable<Hosted['inFlight']>;
  const durable = room.value.slice(0, to);
  let next = withHosted(state, index, {
    ...room,
    inFlight: null,
    durable,
    batch,
    behind: false,
    waiting: room.waiting.filter(({ after }) => after > to),
  });
  for (const { command, after } of room.waiting) if (after <= to) next = sayRefused(next, index, command, after);
  // Sends recorded refusals before the sync. A player who attached later has not received these refusals. The sync alone would answer the
  // refused commands as applied.
  if (!rules.syncHidesRefusals) for (const command of refusalsIn(durable)) next = sayRefused(next, index, command, to);
  state.players.forEach(({ at }, seat) => {
    if (at === index) next = sync(next, seat, index);
  });
  return flush(next, index, rules);
}

/**
 * Drops the room, unless the room migrates and has no changes that are not durable. Such a room becomes `lame` until the server learns
 * whether the new owner has it.
 */
function letGo(state: State, index: number): State {
  const room = state.servers[index].room as Hosted;
  if (room.to === null || isDirty(room)) return drop(state, index);
  return detached(withHosted(state, index, { ...room, status: 'lame', behind: false }), index);
}

function drop(state: State, index: number): State {
  return detached(withServer(state, index, { room: null }), index);
}

// ── Steps of an adoption ────────────────────────────────────────────────────────────────────────────────────────────────

function isGone(state: State, owner: string, incarnation: number | null): boolean {
  const server = state.servers[indexOf(owner)];
  return server.incarnation !== incarnation || server.condemned;
}

function canAdopt(state: State, index: number, rules: Rules): boolean {
  const server = state.servers[index];
  const record = state.store;
  if (server.condemned || !record || record.owner === '' || isAwaiting(state, index, 'adopt') || isAwaiting(state, index, 'fence'))
    return false;
  const { room } = server;
  if (
    room &&
    (room.status !== 'lame' || rules.lameNeverAdopts || room.epoch >= (record.epoch as number) || isAwaiting(state, index, 'handoff'))
  )
    return false;
  // After a fallback, no server adopts a room until all living servers have compared their data with the store.
  const isBarred = state.servers.some(({ condemned, audited }) => !condemned && audited < state.generation);
  if (isBarred && !rules.noAuditBarrier) return false;
  const isMine = record.owner === serverName(index) && record.incarnation === server.incarnation;
  return isMine || isGone(state, record.owner, record.incarnation);
}

function sendAdopt(state: State, index: number, rules: Rules): State {
  const { epoch, owner, incarnation } = state.store as StoredRoom;
  const expected = { epoch: epoch as number, owner, incarnation: incarnation as number };
  const message = sent(state, index, { verb: 'adopt', to: expected, version: state.servers[index].epochSeen + 1 });
  if (!rules.readBeforeFence) return { ...state, wire: [...state.wire, message] };
  // With the mutation `readBeforeFence`, the adopter reads the log in this step, before its request sets the fence.
  const { adopted } = store.adopt(state.store, { expected, owner: serverName(index), incarnation: message.incarnation, epochMin: 0 }, 0);
  return {
    ...state,
    wire: [
      ...state.wire,
      {
        ...message,
        verb: 'fence',
        reply: null,
        history: (adopted && revived(adopted.checkpoint, adopted.log, adopted.version)) ?? [],
        batch: adopted?.batch ?? '',
      },
    ],
  };
}

function adopted(state: State, index: number, epoch: number, batch: string, history: readonly string[]): State {
  const seen = state.players.map((_, seat) => {
    const refused = refusalsIn(history).filter((command) => command[0] === SEATS[seat]);
    return Math.max(seqOf(history, seat), ...refused.map((command) => Number(command.slice(1))));
  });
  const room: Hosted = {
    status: 'active',
    epoch,
    batch,
    durable: history,
    value: history,
    inFlight: null,
    refused: [],
    waiting: [],
    seen,
    behind: false,
    to: null,
  };
  return withServer(state, index, { room, epochSeen: Math.max(epoch, state.servers[index].epochSeen) });
}

// ── Steps of the store and its messages ─────────────────────────────────────────────────────────────────────────────────

function sent(state: State, index: number, what: Partial<Message> & Pick<Message, 'verb'>): Message {
  const { incarnation, room } = state.servers[index];
  const tenure = { epoch: room?.epoch ?? 0, owner: serverName(index), incarnation };
  return { from: index, incarnation, live: true, tenure, version: 0, batch: '', history: [], base: 0, to: null, reply: null, ...what };
}

function send(state: State, index: number, what: Partial<Message> & Pick<Message, 'verb'>): State {
  return { ...state, wire: [...state.wire, sent(state, index, what)] };
}

function runMessage(state: State, at: number, rules: Rules): State {
  const message = state.wire[at];
  const { verb, tenure, version, batch, history, base, to } = message;
  const before = state.store;
  const packedHistory = packed(history);
  let room: StoredRoom | null = before;
  let answer: string;
  let taken: store.Adopted | null = null;
  let next = state;
  switch (verb) {
    case 'append': {
      const mine =
        rules.appendIgnoresEpoch && before
          ? { epoch: before.epoch as number, owner: before.owner, incarnation: before.incarnation as number }
          : tenure;
      // The mutation `blindRetry` repeats an append under a new id, and the store applies it at the current end of the log.
      const from = batch.endsWith(BLIND) && before ? before.version : base;
      const done = store.append(before, { ...mine, from, batch, changes: history.slice(base) });
      ({ answer, room } = done);
      if (room !== before && before?.epoch !== tenure.epoch)
        next = { ...next, flaw: `${tenure.owner} wrote in epoch ${tenure.epoch}, which was over` };
      break;
    }
    case 'checkpoint': {
      const isFree = rules.unfencedCheckpoint && before !== null && before.epoch !== tenure.epoch;
      const mine = isFree ? { epoch: before.epoch as number, owner: before.owner, incarnation: before.incarnation as number } : tenure;
      const done = store.checkpoint(before, { ...mine, version, state: packedHistory, isVolatile: false });
      ({ answer, room } = done);
      if (isFree || (rules.checkpointMayGoBack && answer === 'ok')) {
        room = { ...(before as StoredRoom), checkpoint: packedHistory, log: store.logAfter(before as StoredRoom, version) };
      }
      break;
    }
    case 'handoff': {
      ({ answer, room } = store.handoff(before, { ...tenure, version, to: to as Tenure, state: packedHistory }));
      break;
    }
    case 'reassert': {
      const rest = { doc: '{}', rev: 0, game: '', durability: '', round: 0, start: '' };
      ({ answer, room } = store.reassert(before, { ...tenure, version, batch, state: packedHistory, ...rest }));
      break;
    }
    case 'adopt':
    case 'fence': {
      const [now, epochMin] = rules.epochFromStoreAlone ? [0, 0] : [state.clock, version];
      const { owner, incarnation } = tenure;
      const done = store.adopt(before, { expected: to as Tenure, owner, incarnation, epochMin }, now);
      room = done.room;
      taken = done.adopted;
      answer = taken ? `epoch ${taken.epoch}` : 'elsewhere';
      if (taken) next = issue({ ...next, clock: Math.max(next.clock, taken.epoch) + 1 }, { epoch: taken.epoch, owner, incarnation });
      // With the mutation `readBeforeFence`, the adopter uses the log that it read before it set the fence. So it misses later changes.
      if (taken && verb === 'fence') taken = { ...taken, version: history.length, checkpoint: packedHistory, log: [], batch };
    }
  }
  if (room) room = { ...room, rev: 0, doc: '' };
  const counts =
    rules.store === 'weak' || !hasFallbacks(state) || room === state.durable || (rules.adoptionCountsAtOnce === true && taken !== null);
  const reply = message.live ? { answer, adopted: taken, counts } : null;
  const wire = reply ? next.wire.map((other, index) => (index === at ? { ...message, reply } : other)) : without(next.wire, at);
  return { ...next, store: room, durable: hasFallbacks(state) ? next.durable : room, wire };
}

function receive(state: State, at: number, rules: Rules): State {
  const { from: index, incarnation, verb, tenure, version, batch, to, reply } = state.wire[at];
  const next = { ...state, wire: without(state.wire, at) };
  const server = state.servers[index];
  const { answer, adopted: taken } = reply as Reply;
  if (server.incarnation !== incarnation) return next;
  const { room } = server;
  if (verb === 'adopt' || verb === 'fence') {
    if (!taken) return next;
    const value = revived(taken.checkpoint, taken.log, taken.version);
    return value
      ? adopted(next, index, taken.epoch, taken.batch, value)
      : { ...next, flaw: 'the room cannot be revived: there is a hole in its log' };
  }
  if (!room || room.epoch !== tenure.epoch) return next;
  // An earlier answer has already confirmed this append, so this answer changes nothing.
  if (verb === 'append' && batch.replace(BLIND, '') !== room.inFlight?.batch) return next;
  if (answer === 'conflict') return drop(next, index);
  if (answer === 'fenced') return letGo(withServer(next, index, { audited: state.generation }), index);
  switch (verb) {
    case 'append':
      return answer === 'ok' ? commit(next, index, rules) : withHosted(next, index, { ...room, behind: true });
    case 'reassert': {
      const known = withServer(next, index, {
        audited: room.status === 'lame' ? server.audited : state.generation,
        room: { ...room, behind: false },
      });
      return room.inFlight && room.inFlight.batch === batch && version === room.inFlight.to
        ? commit(known, index, rules)
        : flush(known, index, rules);
    }
    case 'handoff': {
      if (answer !== 'ok') return withHosted(next, index, { ...room, behind: true });
      if (rules.sourceDropsCopy) return drop(withServer(next, index, { audited: state.generation }), index);
      const moved = withServer(next, index, { audited: state.generation, room: { ...room, status: 'lame', behind: false, to } });
      return detached(moved, index);
    }
    case 'checkpoint':
      return next;
  }
}

function timeOut(state: State, at: number): State {
  const message = state.wire[at];
  // A sender that no longer waits ignores the reply. The store can still run the request.
  return {
    ...state,
    wire: message.reply ? without(state.wire, at) : state.wire.map((other, index) => (index === at ? { ...message, live: false } : other)),
  };
}

function hasFallbacks({ budget }: State): boolean {
  return budget.fallback > 0;
}

function settle(state: State): State {
  const wire = state.wire.map((message) => (message.reply ? { ...message, reply: { ...message.reply, counts: true } } : message));
  return { ...state, durable: state.store, wire };
}

/** Closes all connections to the store. The messages in flight are lost. */
function fallBack(state: State, to: StoredRoom | null, rules: Rules): State {
  const wire = rules.adoptOutlivesFallback ? state.wire.filter(({ verb, reply }) => verb === 'adopt' && reply === null) : [];
  return { ...state, clock: state.clock + 1, store: to, durable: to, generation: state.generation + 1, wire };
}

function issue(state: State, { epoch, owner, incarnation }: Tenure): State {
  const issued = `${epoch}:${owner}.${incarnation}`;
  if (state.issued.includes(issued)) return state;
  const twin = state.issued.find((other) => other.startsWith(`${epoch}:`));
  const flaw = twin ? `epoch ${epoch} was given out twice, to ${twin.split(':')[1]} and ${owner}.${incarnation}` : state.flaw;
  return { ...state, issued: [...state.issued, issued].sort(), flaw };
}

// ── Helpers for incarnations ────────────────────────────────────────────────────────────────────────────────────────────────────────

function kill(state: State, index: number): State {
  const wire = state.wire
    .filter(({ from, reply }) => from !== index || reply === null)
    .map((message) => (message.from === index ? { ...message, live: false } : message));
  return detached(withServer({ ...state, wire }, index, { life: 'dead', room: null, audited: 0, epochSeen: 0 }), index);
}

function rejoin(state: State, index: number): State {
  const gone = kill(state, index);
  return withServer(gone, index, {
    life: 'running',
    condemned: false,
    incarnation: state.servers[index].incarnation + 1,
    epochSeen: state.servers[index].epochSeen,
    audited: state.generation,
  });
}

function detached(state: State, index: number): State {
  return { ...state, players: state.players.map((player) => (player.at === index ? { ...player, at: null } : player)) };
}

// ── Helpers for values ───────────────────────────────────────────────────────────────────────────────────────────────────────

function withServer(state: State, index: number, change: Partial<Server>): State {
  return { ...state, servers: state.servers.map((server, at) => (at === index ? { ...server, ...change } : server)) };
}

function withHosted(state: State, index: number, room: Hosted): State {
  return withServer(state, index, { room });
}

function withPlayer(state: State, seat: number, change: Partial<Player>): State {
  return { ...state, players: state.players.map((player, at) => (at === seat ? { ...player, ...change } : player)) };
}

function without<T>(items: readonly T[], at: number): readonly T[] {
  return items.filter((_, index) => index !== at);
}

function text(changes: readonly string[]): string {
  return changes.join(' ');
}

function packed(history: readonly string[]): string {
  return `=${text(history)}`;
}

function unpacked(state: string): readonly string[] {
  return state.length > 1 ? state.slice(1).split(' ') : [];
}

/** Returns the history of a stored room, as `RoomLoader` restores it. Null: `RoomLoader` would throw. */
function revived(checkpoint: string, log: readonly string[], version: number): readonly string[] | null {
  const held = unpacked(checkpoint);
  const before = version - log.length;
  if (held.length < before) return null;
  const history = [...held, ...log.slice(held.length - before)];
  return history.length === version ? history : null;
}

export function commandsIn(history: readonly string[]): string[] {
  return history.map((change) => change.split('!')[0]).filter((command) => command !== '.');
}

export function refusalsIn(history: readonly string[]): string[] {
  return history.flatMap((change) => (change.includes('!') ? change.split('!').slice(1) : []));
}

function seqOf(history: readonly string[], seat: number): number {
  let seq = 0;
  for (const change of history) if (change[0] === SEATS[seat]) seq = Math.max(seq, Number(change.slice(1).split('!')[0]));
  return seq;
}

export function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((change, at) => long[at] === change);
}

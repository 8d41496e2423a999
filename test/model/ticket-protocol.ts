import { cyrb53, type Model, type Step as StepTo } from './explorer.js';

/**
 * Models the matchmaking tickets of one game, as the scripts of `libs/matchmaking/src/tickets` change them. A lobby can die at any point. A
 * commit is a message: the store can execute it after its lobby has died or has lost the role of the runner. Each match has two tickets.
 * `Rules` switches off one rule at a time.
 */
export interface State {
  /** All tickets that wait or that belong to a match. `change` grows with each change of the ticket. */
  readonly tickets: readonly Ticket[];
  readonly matches: readonly Match[];
  readonly rooms: readonly { readonly id: string; readonly users: string }[];
  /** The ids of the tickets that have ended. Their users were notified of the end. */
  readonly ended: readonly string[];
  readonly fence: number;
  readonly changes: number;
  readonly lobbies: readonly Lobby[];
  /** Commits that the store has not executed yet. */
  readonly commits: readonly Commit[];
  /** Users who have not searched yet. A party is one element: a text with several users. */
  readonly idle: readonly string[];
  readonly faults: number;
  // The explorer needs the following fields for its checks. The protocol itself does not have them.
  readonly found: readonly string[];
  readonly flaw: string | null;
}

interface Ticket {
  readonly id: string;
  readonly users: string;
  readonly change: number;
  /** The match to which the ticket belongs. '': the ticket waits for a match. */
  readonly hold: string;
}

interface Match {
  readonly id: string;
  readonly stage: 'offered' | 'making';
  readonly tickets: readonly string[];
  readonly users: string;
}

interface Lobby {
  readonly isDead: boolean;
  /** The fencing token with which the lobby runs the rounds. 0: the lobby is not the runner. */
  readonly fence: number;
  /** The tickets as this lobby has read them. */
  readonly view: readonly Pick<Ticket, 'id' | 'users' | 'change'>[];
}

interface Commit extends Match {
  readonly fence: number;
  readonly changes: readonly number[];
}

export interface Rules {
  /** True: the commit does not compare the fencing token. */
  readonly ignoresFence?: boolean;
  /** True: the commit takes a ticket that has changed since the lobby read it. */
  readonly ignoresChanges?: boolean;
  /** True: the commit takes a ticket that already belongs to another match. */
  readonly ignoresHolds?: boolean;
  /** True: when one ticket of the match is missing, the commit takes the other ticket alone. */
  readonly commitsPart?: boolean;
  /** True: the commit removes the tickets from the queue, but stores no match. */
  readonly storesNoMatch?: boolean;
  /** True: the lobby removes the match before it makes the room. */
  readonly finishesFirst?: boolean;
  /** True: a lobby may dissolve a match that all players have accepted. */
  readonly dissolvesMaking?: boolean;
  /** True: the cancellation of a search ends a ticket that already belongs to a match. */
  readonly cancelsHeld?: boolean;
  /** True: each lobby that makes the room of a match uses a new room id. */
  readonly newRoomIds?: boolean;
}

type Step = StepTo<State>;

export function beginningOf({ searchers, lobbies, faults }: { searchers: readonly string[]; lobbies: number; faults: number }): State {
  return {
    tickets: [],
    matches: [],
    rooms: [],
    ended: [],
    fence: 0,
    changes: 0,
    lobbies: Array.from({ length: lobbies }, () => ({ isDead: false, fence: 0, view: [] })),
    commits: [],
    idle: searchers,
    faults,
    found: [],
    flaw: null,
  };
}

export const TICKET_PROTOCOL: Model<State, Rules> = {
  stepsOf,
  violationOf,
  isGoal: ({ tickets, matches, commits, idle }) => matches.length === 0 && commits.length === 0 && idle.length === 0 && tickets.length < 2,
  hashOf: (state) => cyrb53(JSON.stringify(state)),
};

function violationOf({ tickets, matches, rooms, ended, found, flaw }: State): string | null {
  if (flaw) return flaw;
  for (const id of found) {
    const users = id.slice(1);
    const isStored = tickets.some((ticket) => ticket.id === id) || ended.includes(id);
    if (!isStored && !rooms.some((room) => room.users.includes(users[0]))) return `the ticket ${id} is lost`;
  }
  const made = new Set(rooms.map(({ id }) => id));
  for (const user of new Set(found.flatMap((id) => [...id.slice(1)]))) {
    const places = [...rooms, ...matches.filter(({ id }) => !made.has(id))].filter(({ users }) => users.includes(user));
    if (places.length > 1) return `${user} is in two matches`;
  }
  for (const { id, users } of rooms)
    for (const ticket of ended)
      if (users.includes(ticket[1])) return `${ticket[1]} was told that ${ticket} ended, and is in the room ${id}`;
  return null;
}

function stepsOf(state: State, rules: Rules): Step[] {
  if (state.flaw) return [];
  return [
    ...userSteps(state, rules),
    ...state.lobbies.flatMap((_, index) => lobbySteps(state, index, rules)),
    ...state.commits.map(
      (commit): Step => ({
        label: `the commit of ${commit.id} arrives`,
        isFault: false,
        next: committed({ ...state, commits: state.commits.filter((one) => one !== commit) }, commit, rules),
      }),
    ),
  ];
}

function userSteps(state: State, rules: Rules): Step[] {
  const { idle, tickets, matches, faults } = state;
  const steps: Step[] = [];
  const [users] = idle;
  if (users) {
    const ticket = { id: `t${users}`, users, change: state.changes + 1, hold: '' };
    const next = {
      ...state,
      idle: idle.slice(1),
      tickets: [...tickets, ticket],
      changes: state.changes + 1,
      found: [...state.found, ticket.id],
    };
    steps.push({ label: `${users} search`, isFault: false, next });
  }
  for (const { id, stage } of matches)
    if (stage === 'offered') steps.push({ label: `all accept ${id}`, isFault: false, next: accepted(state, id) });
  if (faults === 0) return steps;
  const less = { ...state, faults: faults - 1 };
  for (const match of matches)
    if (match.stage === 'offered' || rules.dissolvesMaking)
      steps.push({ label: `${match.id} is declined or expires`, isFault: true, next: dissolved(less, match) });
  for (const ticket of tickets) {
    const isHeld = ticket.hold !== '';
    if (!isHeld || rules.cancelsHeld) {
      const rest = tickets.filter((one) => one !== ticket);
      steps.push({
        label: `${ticket.id} is cancelled or expires`,
        isFault: true,
        next: { ...less, tickets: rest, ended: [...state.ended, ticket.id] },
      });
    }
    if (!isHeld && ticket.users.length > 1) {
      const smaller = { ...ticket, users: ticket.users.slice(0, -1), change: state.changes + 1 };
      const changed = tickets.map((one) => (one === ticket ? smaller : one));
      steps.push({
        label: `${ticket.users.at(-1)} leaves the party`,
        isFault: true,
        next: { ...less, tickets: changed, changes: state.changes + 1 },
      });
    }
  }
  return steps;
}

function lobbySteps(state: State, index: number, rules: Rules): Step[] {
  const { lobbies, tickets, matches, fence, faults } = state;
  const lobby = lobbies[index];
  const name = `lobby ${index}`;
  const withLobby = (next: Partial<Lobby>, base: State = state): State => ({
    ...base,
    lobbies: base.lobbies.with(index, { ...lobby, ...next }),
  });
  if (lobby.isDead) return [{ label: `${name} starts again`, isFault: false, next: withLobby({ isDead: false, fence: 0, view: [] }) }];
  const steps: Step[] = [];
  const runner = lobbies.find((one) => one.fence === fence && fence > 0);
  const isFree = !runner || runner.isDead;
  if (lobby.fence !== fence || fence === 0) {
    // A lobby can become the runner while the old runner is alive, if the old runner was suspended for a long time. The model counts this
    // as a fault.
    if (isFree || faults > 0)
      steps.push({
        label: `${name} takes the rounds`,
        isFault: !isFree,
        next: withLobby({ fence: fence + 1, view: [] }, { ...state, fence: fence + 1, faults: isFree ? faults : faults - 1 }),
      });
  }
  if (lobby.fence > 0) {
    const view = tickets.filter(({ hold }) => hold === '').map(({ id, users, change }) => ({ id, users, change }));
    if (JSON.stringify(view) !== JSON.stringify(lobby.view))
      steps.push({ label: `${name} reads the queue`, isFault: false, next: withLobby({ view }) });
    // A lobby waits for the answer to its commit before it sends the next one.
    if (lobby.view.length >= 2 && !state.commits.some((commit) => commit.fence === lobby.fence)) {
      const pair = lobby.view.slice(0, 2);
      const commit: Commit = {
        id: unusedId(state),
        stage: 'offered',
        tickets: pair.map(({ id }) => id),
        users: pair.map(({ users }) => users).join(''),
        fence: lobby.fence,
        changes: pair.map(({ change }) => change),
      };
      const next = withLobby({ view: lobby.view.slice(2) }, { ...state, commits: [...state.commits, commit] });
      steps.push({ label: `${name} commits ${commit.id} of ${commit.tickets.join(' and ')}`, isFault: false, next });
    }
  }
  for (const match of matches) if (match.stage === 'making') steps.push(...makingSteps(state, match, name, rules));
  if (faults > 0)
    steps.push({ label: `${name} dies`, isFault: true, next: withLobby({ isDead: true, view: [] }, { ...state, faults: faults - 1 }) });
  return steps;
}

/** Returns the id of a new match. The real lobby uses a random id. */
function unusedId({ matches, commits, rooms }: State): string {
  const used = new Set([...matches, ...commits, ...rooms].map(({ id }) => id));
  for (let number = 1; ; number++) if (!used.has(`m${number}`)) return `m${number}`;
}

/**
 * Returns the steps of a lobby that makes the room of a match and then removes the match. If the first lobby dies before the second step,
 * another lobby takes this step.
 */
function makingSteps(state: State, match: Match, name: string, rules: Rules): Step[] {
  const isMade = state.rooms.some(({ id }) => id === match.id);
  const id = rules.newRoomIds ? `${match.id}-${name}` : match.id;
  const room = { ...state, rooms: state.rooms.some((one) => one.id === id) ? state.rooms : [...state.rooms, { id, users: match.users }] };
  const finish = (base: State): State => ({
    ...base,
    matches: base.matches.filter((one) => one !== match),
    tickets: base.tickets.filter(({ hold }) => hold !== match.id),
  });
  if (rules.finishesFirst) return [{ label: `${name} removes ${match.id} before its room is made`, isFault: false, next: finish(state) }];
  const steps: Step[] = [];
  if (room.rooms !== state.rooms) steps.push({ label: `${name} makes the room of ${match.id}`, isFault: false, next: room });
  if (isMade || rules.newRoomIds) steps.push({ label: `${name} removes ${match.id}`, isFault: false, next: finish(state) });
  return steps;
}

function committed(state: State, { fence, changes, ...match }: Commit, rules: Rules): State {
  if (fence !== state.fence) {
    if (!rules.ignoresFence) return state;
    return { ...state, flaw: `a lobby that lost the rounds commits ${match.id}` };
  }
  const isFree = (id: string, index: number): boolean => {
    const ticket = state.tickets.find((one) => one.id === id);
    if (!ticket) return false;
    return (rules.ignoresChanges || ticket.change === changes[index]) && (rules.ignoresHolds || ticket.hold === '');
  };
  const taken = match.tickets.filter(isFree);
  if (taken.length < match.tickets.length && !(rules.commitsPart && taken.length > 0)) return state;
  if (rules.storesNoMatch) return { ...state, tickets: state.tickets.filter(({ id }) => !taken.includes(id)) };
  const users = state.tickets.filter(({ id }) => taken.includes(id)).flatMap((ticket) => [...ticket.users]);
  const stranger = [...match.users].find((user) => !users.includes(user));
  if (stranger) return { ...state, flaw: `${match.id} has ${stranger}, who is in none of its tickets` };
  return {
    ...state,
    matches: [...state.matches, match],
    tickets: state.tickets.map((ticket) => (taken.includes(ticket.id) ? { ...ticket, hold: match.id } : ticket)),
  };
}

function accepted(state: State, id: string): State {
  return { ...state, matches: state.matches.map((match) => (match.id === id ? { ...match, stage: 'making' } : match)) };
}

function dissolved(state: State, match: Match): State {
  const changes = state.changes + 1;
  return {
    ...state,
    changes,
    matches: state.matches.filter((one) => one !== match),
    tickets: state.tickets.map((ticket) => (ticket.hold === match.id ? { ...ticket, hold: '', change: changes } : ticket)),
  };
}

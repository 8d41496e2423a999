import type { AdminRoomView, FleetAnswer, HistoryAnswer, IncidentsAnswer, QueuesAnswer, RoomsAnswer, ServerView } from '#libs/admin';
import { type AdminClient, FleetError } from './admin-client.js';
import { PLAYER_COMMANDS } from './player-commands.js';
import { fleetTable, incidentsTable, queuesTable, roomsTable, roomText, shortId } from './tables.js';
import { watch } from './watch.js';

export interface Invocation {
  readonly client: AdminClient;
  readonly words: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  print(text: string): void;
}

export interface FleetCommand {
  readonly usage: string;
  readonly alias?: string;
  readonly about: string;
  readonly options?: readonly (readonly [flags: string, about: string])[];
  run(invocation: Invocation): Promise<void>;
}

const NOTE = ['--note <text>', 'why; kept in the audit log'] as const;

export const COMMANDS: readonly FleetCommand[] = [
  {
    usage: 'list',
    alias: 'servers',
    about: 'show all servers, and the capacity of the fleet',
    options: [
      ['--type <type>', 'only servers of this type: gateway, lobby or game'],
      ['--state <state>', 'only servers in this state, such as ready, draining or dead'],
      ['--region <region>', 'only servers of this region'],
    ],
    run: list,
  },
  {
    usage: 'watch',
    about: 'show the same, updated live, with all events',
    options: [
      ['--server <server>', 'only events of this server'],
      ['--room <room>', 'only events of this room'],
      ['--kind <kinds>', 'only these kinds and groups of kinds, such as server,room.given-up (a terminal shows no `room` by default)'],
      ['--severity <severity>', 'only events of this severity or a higher one: info, warning or critical'],
    ],
    run: watch,
  },
  {
    usage: 'incidents',
    about: 'list the incidents of the last day, newest first: lost servers, their rooms, and the pause of players',
    options: [['--limit <n>', 'maximum number of incidents (default 100)']],
    run: incidents,
  },
  {
    usage: 'drain <server>',
    about: 'migrate all rooms of a game server during their games; it stays cordoned until `uncordon`',
    options: [NOTE],
    run: async (invocation) => {
      const { moved, left } = await act<{ moved: number; left: number }>(invocation, 'drain');
      say(
        invocation,
        { moved, left },
        `${subject(invocation)} is drained: ${moved} rooms migrated${left > 0 ? `, ${left} left. Drain it again, or check that the other servers have capacity` : ''}.`,
      );
    },
  },
  {
    usage: 'cordon <server>',
    about: 'stop placing new rooms on a game server',
    options: [NOTE],
    run: async (invocation) => say(invocation, await act(invocation, 'cordon'), `${subject(invocation)} gets no new rooms.`),
  },
  {
    usage: 'uncordon <server>',
    about: 'place rooms on it again, also after or during a drain',
    options: [NOTE],
    run: async (invocation) => {
      const server = await act<ServerView>(invocation, 'uncordon');
      const others = server.withheld.length > 0 ? `still gets no new rooms: ${server.withheld.join(', ')}.` : 'gets new rooms again.';
      say(invocation, server, `${subject(invocation)} ${others}`);
    },
  },
  {
    usage: 'evict <server>',
    about: 'declare a server dead; its games continue on other servers',
    options: [NOTE],
    run: async (invocation) => {
      const answer = await act<{ evicted: boolean }>(invocation, 'evict');
      const text = answer.evicted ? 'is evicted. Its rooms continue on other servers.' : 'was already dead, or has just restarted.';
      say(invocation, answer, `${subject(invocation)} ${text}`);
    },
  },
  {
    usage: 'rooms',
    about: 'list rooms, newest first',
    options: [
      ['--search <text>', 'only rooms with this text in their id or name, or in the id or name of a member'],
      ['--game <game>', 'only rooms of this game'],
      ['--status <status>', 'only rooms with this status: waiting, starting, playing or closed'],
      ['--server <server>', 'only rooms that this server owns'],
      ['--ownerless', 'only rooms whose game plays without a living owner'],
      ['--sort <field>', 'created (default), changed, players, version, name or game'],
      ['--order <order>', 'desc (default) or asc'],
      ['--limit <n>', 'maximum number of rooms (default 50)'],
      ['--after <cursor>', 'show the next page, after the cursor at the end of the last one'],
    ],
    run: rooms,
  },
  {
    usage: 'queues',
    about: 'show the queues of matchmaking: waiting players, waiting times and matches',
    options: [['--game <game>', 'only queues of this game']],
    run: queues,
  },
  { usage: 'room <room>', about: 'show one room, and the last changes of its game', run: room },
  {
    usage: 'migrate <room> [server]',
    about: 'migrate a room to another game server during its game',
    options: [NOTE],
    run: async (invocation) => {
      const { client, words, options } = invocation;
      const path = `/api/rooms/${part(words[0])}/migrate`;
      const answer = await client.post<{ from: string; to: string }>(path, { to: words[1], note: options.note });
      say(invocation, answer, `Room ${words[0]} has migrated from ${shortId(answer.from)} to ${shortId(answer.to)}.`);
    },
  },
  {
    usage: 'end <room>',
    about: 'end the game that a room plays now, and no later one',
    options: [
      ['--note <text>', 'a message for its players'],
      ['--round <n>', 'end the game only if it has this number (`room` shows it), for a command that may run twice'],
    ],
    run: end,
  },
  ...PLAYER_COMMANDS,
];

async function end(invocation: Invocation): Promise<void> {
  const { client, words, options } = invocation;
  const path = `/api/rooms/${part(words[0])}`;
  // Between the two requests, the game can end and the next game can begin. So the second request names the game that the first request
  // returned.
  const round = options.round === undefined ? (await client.get<AdminRoomView>(path)).round : Number(options.round);
  if (!Number.isInteger(round) || round < 0)
    throw new FleetError('bad-data', `--round is ${JSON.stringify(options.round)}: it must be a whole number from 0.`);
  const answer = await client.post<object>(`${path}/end`, { note: options.note, round });
  say(invocation, { ...answer, round }, `The game in room ${words[0]} has ended.`);
}

async function incidents(invocation: Invocation): Promise<void> {
  const { client, options } = invocation;
  const answer = await client.get<IncidentsAnswer>('/api/incidents', { limit: options.limit });
  say(invocation, answer, incidentsTable(answer, Date.now()));
}

async function queues(invocation: Invocation): Promise<void> {
  const { client, options } = invocation;
  const answer = await client.get<QueuesAnswer>('/api/queues');
  const chosen = { ...answer, queues: answer.queues.filter(({ game }) => options.game === undefined || game === options.game) };
  say(invocation, chosen, queuesTable(chosen));
}

async function list({ client, options, json, print }: Invocation): Promise<void> {
  const [all, fleet] = await Promise.all([client.get<{ servers: ServerView[] }>('/api/servers'), client.get<FleetAnswer>('/api/fleet')]);
  const { type, state, region } = options;
  const servers = all.servers.filter(
    (server) =>
      (type === undefined || server.type === type) &&
      (state === undefined || server.state === state) &&
      (region === undefined || server.region === region),
  );
  print(json ? JSON.stringify({ servers, fleet }) : fleetTable(servers, fleet, Date.now()));
}

async function rooms({ client, options, json, print }: Invocation): Promise<void> {
  const { search: q, ownerless, game, status, server, sort, order, limit = '50', after } = options;
  const query = { q, game, status, server, ownerless: ownerless ? 'true' : undefined, sort, order, limit, after };
  const answer = await client.get<RoomsAnswer>('/api/rooms', query);
  print(json ? JSON.stringify(answer) : roomsTable(answer, Date.now()));
}

async function room({ client, words, json, print }: Invocation): Promise<void> {
  const path = `/api/rooms/${part(words[0])}`;
  const view = await client.get<AdminRoomView>(path);
  const history = await client.get<HistoryAnswer>(`${path}/history`, { limit: '10' });
  print(json ? JSON.stringify({ ...view, history: history.changes }) : roomText(view, history, Date.now()));
}

async function act<Answer = object>({ client, words, options }: Invocation, verb: string): Promise<Answer> {
  return client.post<Answer>(`/api/servers/${part(words[0])}/${verb}`, { note: options.note });
}

function say({ json, print }: Invocation, answer: object, sentence: string): void {
  print(json ? JSON.stringify(answer) : sentence);
}

function subject({ words }: Invocation): string {
  return shortId(words[0] ?? '');
}

function part(word: string | undefined): string {
  return encodeURIComponent(word ?? '');
}

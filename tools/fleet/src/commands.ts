import type { FleetAnswer, HistoryAnswer, RoomsAnswer, RoomView, ServerView } from '#libs/admin';
import type { AdminClient } from './admin-client.js';
import { fleetTable, roomsTable, roomText, shortId } from './tables.js';
import { watch } from './watch.js';

export interface Invocation {
  readonly client: AdminClient;
  readonly words: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  print(text: string): void;
}

interface FleetCommand {
  readonly usage: string;
  readonly about: string;
  readonly options?: readonly (readonly [flags: string, about: string])[];
  run(invocation: Invocation): Promise<void>;
}

export const COMMANDS: readonly FleetCommand[] = [
  { usage: 'list', about: 'all servers, and what the fleet can take', run: list },
  { usage: 'watch', about: 'the same, kept current, and what happens as it happens', run: watch },
  {
    usage: 'drain <server>',
    about: 'move all games off a game server while they go on; it stays cordoned until `uncordon`',
    run: async (invocation) => {
      const { moved, left } = await act<{ moved: number; left: number }>(invocation, 'drain');
      say(
        invocation,
        { moved, left },
        `${subject(invocation)} is drained: ${moved} rooms moved${left > 0 ? `, ${left} left: drain it again, or see whether the others have room` : ''}.`,
      );
    },
  },
  {
    usage: 'cordon <server>',
    about: 'give a game server no new rooms',
    run: async (invocation) => say(invocation, await act(invocation, 'cordon'), `${subject(invocation)} gets no new rooms.`),
  },
  {
    usage: 'uncordon <server>',
    about: 'offer it again, also after a drain or in the middle of one',
    run: async (invocation) => {
      const server = await act<ServerView>(invocation, 'uncordon');
      const others = server.withheld.length > 0 ? `still gets no new rooms: ${server.withheld.join(', ')}.` : 'is offered again.';
      say(invocation, server, `${subject(invocation)} ${others}`);
    },
  },
  {
    usage: 'evict <server>',
    about: 'declare a server dead; its games go on elsewhere',
    run: async (invocation) => {
      const answer = await act<{ evicted: boolean }>(invocation, 'evict');
      const text = answer.evicted ? 'is evicted; what it had goes on elsewhere.' : 'was dead already, or has just started anew.';
      say(invocation, answer, `${subject(invocation)} ${text}`);
    },
  },
  {
    usage: 'rooms',
    about: 'rooms, newest first',
    options: [
      ['--game <game>', 'of this game only'],
      ['--status <status>', 'waiting, starting, playing or closed only'],
      ['--server <server>', 'owned by this server only'],
      ['--limit <n>', 'at most so many (default 50)'],
      ['--after <cursor>', 'the next page: what the page before ended with'],
    ],
    run: rooms,
  },
  { usage: 'room <room>', about: 'one room, and the last changes of its game', run: room },
  {
    usage: 'migrate <room> [server]',
    about: 'move a room to another game server while it is played',
    run: async (invocation) => {
      const { client, words } = invocation;
      const answer = await client.post<{ from: string; to: string }>(`/api/rooms/${part(words[0])}/migrate`, { to: words[1] });
      say(invocation, answer, `Room ${words[0]} has moved from ${shortId(answer.from)} to ${shortId(answer.to)}.`);
    },
  },
  {
    usage: 'end <room>',
    about: 'end the game of a room',
    options: [['--note <text>', 'told to its players']],
    run: async (invocation) => {
      const { client, words, options } = invocation;
      const answer = await client.post<object>(`/api/rooms/${part(words[0])}/end`, { note: options.note });
      say(invocation, answer, `The game in room ${words[0]} is over.`);
    },
  },
];

async function list({ client, json, print }: Invocation): Promise<void> {
  const [{ servers }, fleet] = await Promise.all([
    client.get<{ servers: ServerView[] }>('/api/servers'),
    client.get<FleetAnswer>('/api/fleet'),
  ]);
  print(json ? JSON.stringify({ servers, fleet }) : fleetTable(servers, fleet, Date.now()));
}

async function rooms({ client, options, json, print }: Invocation): Promise<void> {
  const { game, status, server, limit = '50', after } = options;
  const answer = await client.get<RoomsAnswer>('/api/rooms', { game, status, server, limit, after });
  print(json ? JSON.stringify(answer) : roomsTable(answer, Date.now()));
}

async function room({ client, words, json, print }: Invocation): Promise<void> {
  const path = `/api/rooms/${part(words[0])}`;
  const view = await client.get<RoomView>(path);
  const history = await client.get<HistoryAnswer>(`${path}/history`, { limit: '10' });
  print(json ? JSON.stringify({ ...view, history: history.changes }) : roomText(view, history, Date.now()));
}

async function act<Answer = object>({ client, words }: Invocation, verb: string): Promise<Answer> {
  return client.post<Answer>(`/api/servers/${part(words[0])}/${verb}`);
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

import type { AuditAnswer, PlayersAnswer, SanctionsAnswer, SanctionView } from '#libs/admin';
import { FleetError } from './admin-client.js';
import type { FleetCommand, Invocation } from './commands.js';
import { auditTable, playersTable, sanctionsTable } from './player-tables.js';

const NOTE = ['--note <text>', 'why; kept in the audit log'] as const;
const FOR = ['--for <time>', 'how long, such as 30m, 12h or 7d (default: until it is lifted)'] as const;
const PAGE = [
  ['--limit <n>', 'maximum number of entries (default 50)'],
  ['--after <cursor>', 'show the next page, after the cursor at the end of the last one'],
] as const;

/** The commands about players and about the audit log. */
export const PLAYER_COMMANDS: readonly FleetCommand[] = [
  {
    usage: 'players [text]',
    about: 'find players by a part of their id or name, or by the beginning of their address',
    options: [['--gateway <server>', 'only sessions at this gateway'], ...PAGE],
    run: async ({ client, words, options, json, print }) => {
      const { gateway, limit = '50', after } = options;
      const answer = await client.get<PlayersAnswer>('/api/players', { q: words[0], gateway, limit, after });
      print(json ? JSON.stringify(answer) : playersTable(answer, Date.now()));
    },
  },
  {
    usage: 'kick <user>',
    about: 'end the session of a user, who leaves the room and may log in again',
    options: [NOTE],
    run: async (invocation) => {
      const answer = await post<{ kicked: boolean }>(invocation, 'kick', { note: invocation.options.note });
      say(invocation, answer, answer.kicked ? `${invocation.words[0]} is kicked.` : `${invocation.words[0]} had no session.`);
    },
  },
  {
    usage: 'ban <user>',
    about: 'refuse every login of a user, and end the session',
    options: [FOR, NOTE],
    run: async (invocation) => {
      const answer = await post<{ ban: SanctionView }>(invocation, 'ban', sanction(invocation));
      say(invocation, answer, `${invocation.words[0]} is banned ${endOf(answer.ban)}.`);
    },
  },
  {
    usage: 'unban <user>',
    about: 'let a banned user log in again',
    options: [NOTE],
    run: (invocation) => lift(invocation, 'ban', 'was not banned'),
  },
  {
    usage: 'mute <user>',
    about: 'refuse every chat message of a user',
    options: [FOR, NOTE],
    run: async (invocation) => {
      const answer = await post<{ mute: SanctionView }>(invocation, 'mute', sanction(invocation));
      say(invocation, answer, `${invocation.words[0]} is muted ${endOf(answer.mute)}.`);
    },
  },
  {
    usage: 'unmute <user>',
    about: 'let a muted user write in chats again',
    options: [NOTE],
    run: (invocation) => lift(invocation, 'mute', 'was not muted'),
  },
  {
    usage: 'bans [text]',
    about: 'list banned users, newest ban first; with `--mutes` muted users',
    options: [['--mutes', 'list muted users'], ...PAGE],
    run: async ({ client, words, options, json, print }) => {
      const { mutes, limit = '50', after } = options;
      const answer = await client.get<SanctionsAnswer>(mutes ? '/api/mutes' : '/api/bans', { q: words[0], limit, after });
      print(json ? JSON.stringify(answer) : sanctionsTable(answer, Date.now()));
    },
  },
  {
    usage: 'audit',
    about: 'list what operators did, newest first',
    options: [
      ['--actor <name>', 'only acts with the token of this name'],
      ['--act <act>', 'only acts of this kind, such as server.drain or player.ban'],
      ['--target <target>', 'only acts on this server, room or user'],
      ...PAGE,
    ],
    run: async ({ client, options, json, print }) => {
      const { actor, act, target, limit = '50', after } = options;
      const answer = await client.get<AuditAnswer>('/api/audit', { actor, act, target, limit, after });
      print(json ? JSON.stringify(answer) : auditTable(answer, Date.now()));
    },
  },
];

async function post<Answer>({ client, words }: Invocation, verb: string, body: object): Promise<Answer> {
  return client.post<Answer>(`/api/players/${encodeURIComponent(words[0] ?? '')}/${verb}`, body);
}

async function lift(invocation: Invocation, kind: 'ban' | 'mute', none: string): Promise<void> {
  const { client, words, options } = invocation;
  const path = `/api/players/${encodeURIComponent(words[0] ?? '')}/${kind}`;
  const answer = await client.delete<{ lifted: boolean }>(path, { note: options.note });
  say(invocation, answer, `${words[0]} ${answer.lifted ? `is no longer ${kind === 'ban' ? 'banned' : 'muted'}` : none}.`);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function sanction({ options }: Invocation): { until?: number; note?: string } {
  const { for: time, note } = options;
  if (time === undefined) return { note };
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(time) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new FleetError('bad-data', `--for is ${JSON.stringify(time)}: it must be a number with s, m, h or d, such as 30m or 7d.`);
  return { until: Date.now() + Number(count) * UNIT_MS[unit as string]!, note };
}

function endOf({ until }: SanctionView): string {
  return until === null ? 'until somebody lifts it' : `until ${new Date(until).toISOString()}`;
}

function say({ json, print }: Invocation, answer: object, sentence: string): void {
  print(json ? JSON.stringify(answer) : sentence);
}

import type { AdminRoomView, FleetAnswer, HistoryAnswer, IncidentsAnswer, QueuesAnswer, RoomsAnswer, ServerView } from '#libs/admin';
import type { FleetEventLine } from './admin-client.js';

/** Formats the servers and a summary of the fleet for a terminal. `now`: ms since 1970. */
export function fleetTable(servers: readonly ServerView[], fleet: FleetAnswer, now: number): string {
  const rows = servers.map((server) => [
    shortId(server.id),
    stateOf(server),
    server.type === 'game' ? `${server.rooms}/${server.capacity}` : '',
    server.type === 'game' ? String(server.players) : '',
    `${server.lagMs} ms`,
    clockOf(server),
    ageOf(server.registeredAt, now),
    server.region,
    server.version,
    server.build,
    remarksOn(server),
  ]);
  const { open, cordoned, leaving } = fleet.gameServers;
  const others = [cordoned > 0 && `${cordoned} cordoned`, leaving > 0 && `${leaving} leaving`].filter(Boolean).join(', ');
  const summary = [
    `${fleet.rooms} rooms, ${fleet.players} players; ${fleet.freeSlots} of ${fleet.slots} slots free${fleet.takenPercent === null ? '' : ` (${fleet.takenPercent} % taken)`}.`,
    `${open} game ${open === 1 ? 'server' : 'servers'} open${others && `, ${others}`}; wanted: ${fleet.wantedGameServers}.`,
  ].join(' ');
  return `${table(['SERVER', 'STATE', 'ROOMS', 'PLAYERS', 'LAG', 'CLOCK', 'UP', 'REGION', 'VERSION', 'BUILD', ''], rows)}\n\n${summary}`;
}

export function roomsTable({ rooms, next, total }: RoomsAnswer, now: number): string {
  const rows = rooms.map((room) => [
    room.id,
    room.game,
    room.status,
    room.owner ? shortId(room.owner.server) : '',
    `${room.members.length}/${room.seats}`,
    String(room.version),
    ageOf(room.createdAt, now),
    room.name,
  ]);
  const shown =
    rooms.length === 0 ? 'No matching rooms' : table(['ROOM', 'GAME', 'STATUS', 'OWNER', 'SEATS', 'VERSION', 'AGE', 'NAME'], rows);
  return `${shown}\n\n${total} rooms in all.${next ? ` More: --after ${next}` : ''}`;
}

/** Formats incidents for a terminal. `now`: ms since 1970. */
export function incidentsTable({ incidents }: Pick<IncidentsAnswer, 'incidents'>, now: number): string {
  if (incidents.length === 0) return 'There was no incident within a day.';
  const rows = incidents.map((incident) => [
    `${ageOf(incident.beganAt, now)} ago`,
    shortId(incident.server),
    incident.outcome,
    incident.reasons.join(', '),
    String(incident.rooms),
    incident.pauseMs === null ? '' : `${incident.pauseMs} ms`,
    incident.endedAt === null ? 'not over' : 'over',
    incident.returnedAt === null ? '' : `back after ${ageOf(incident.beganAt, incident.returnedAt)}`,
  ]);
  return table(['BEGAN', 'SERVER', 'OUTCOME', 'REASONS', 'ROOMS', 'PAUSE', 'STATE', ''], rows);
}

export function queuesTable({ queues }: QueuesAnswer): string {
  if (queues.length === 0) return 'Nobody searches for a match.';
  const seconds = (ms: number | null): string => (ms === null ? '' : `${(ms / 1_000).toFixed(1)} s`);
  const rows = queues.map((queue) => [
    queue.game,
    `${queue.players} in ${queue.tickets}${queue.paused > 0 ? ` (${queue.paused} paused)` : ''}`,
    seconds(queue.waitingP50Ms),
    seconds(queue.waitingP95Ms),
    seconds(queue.matchedP50Ms),
    seconds(queue.matchedP95Ms),
    String(queue.matchesPerMinute),
    queue.ratingSpread === null ? '' : String(queue.ratingSpread),
    shortId(queue.runner),
  ]);
  const head = ['GAME', 'PLAYERS IN TICKETS', 'WAIT P50', 'WAIT P95', 'MATCHED P50', 'MATCHED P95', 'MATCHES/MIN', 'SPREAD', 'RUNNER'];
  return table(head, rows);
}

export function roomText(room: AdminRoomView, { changes }: HistoryAnswer, now: number): string {
  const facts: readonly (readonly [string, string])[] = [
    ['room', `${room.id}${room.name ? `  "${room.name}"` : ''}${room.private ? '  (private)' : ''}`],
    ['game', `${room.game}, ${room.round} games ended here`],
    ['status', `${room.status}, since ${ageOf(room.since, now)}`],
    ['owner', room.owner ? `${shortId(room.owner.server)}, epoch ${room.epoch}` : 'nobody'],
    ['version', `${room.version} (${room.durability})`],
    [
      'members',
      room.members.map((member) => `${member.name}${member.here ? '' : ' (away)'}${member.ready ? ' (ready)' : ''}`).join(', ') || 'none',
    ],
    ...(room.result ? [['result', JSON.stringify(room.result)] as const] : []),
  ];
  const head = facts.map(([name, value]) => `${name.padEnd(8)}  ${value}`).join('\n');
  if (changes.length === 0) return `${head}\n\nThe log has no changes since the last checkpoint.`;
  const rows = changes.map(({ version, at, events, seats, patches, deltaBytes, ended }) => [
    String(version),
    timeOf(at),
    deltaBytes === null ? `${patches} patches` : `${deltaBytes} bytes`,
    Object.keys(seats).length > 0 ? `seats ${Object.keys(seats).join(', ')}` : '',
    events.map(({ name, data }) => (data === undefined ? name : `${name} ${JSON.stringify(data)}`)).join('; ') + (ended ? ' (ended)' : ''),
  ]);
  return `${head}\n\n${table(['VERSION', 'AT', 'CHANGE', 'BY', 'EVENTS'], rows)}`;
}

export function eventText({ at, kind, reason, server, room, detail = {} }: FleetEventLine): string {
  const about = [server && shortId(server), room && `room ${room}`].filter(Boolean).join(' ');
  const more = Object.entries(detail)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? shortId(value) : JSON.stringify(value)}`)
    .join(' ');
  return `${timeOf(at)}  ${kind.padEnd(18)} ${about}  ${reason}${more && `  ${more}`}`;
}

export function shortId(id: string): string {
  // Removes the prefix of the fleet only when a server type follows, because other texts can also begin with it.
  return id.replace(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}:(?=(?:gateway|lobby|game):)/, '');
}

/** Formats a table. Columns are as wide as their widest cell, and lines have no trailing blanks. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function ageOf(since: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - since) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3_600) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

function stateOf({ state, cordoned, deadReason, withheld, rooms }: ServerView): string {
  if (state === 'dead') return `dead (${deadReason})`;
  if (state === 'ready' && withheld.includes('draining')) return rooms > 0 ? 'ready, being drained' : 'ready, drained';
  return cordoned ? `${state}, cordoned` : state;
}

/** Formats the error of a server's wall clock. Shows an error below 0.05 s as no error, because the measurement is not exact. */
function clockOf({ clockOffsetMs }: ServerView): string {
  if (clockOffsetMs === null) return '?';
  const tenths = Math.round(clockOffsetMs / 100);
  return tenths === 0 ? 'right' : `${tenths > 0 ? '+' : ''}${tenths / 10} s`;
}

function remarksOn({ suspect, unheard, canary, reserved, withheld, state, settledAt }: ServerView): string {
  if (state === 'dead') return settledAt === null ? 'cleanup is running' : '';
  const remarks = [
    canary && 'canary',
    suspect > 0 && `missed ${suspect} ${suspect === 1 ? 'check' : 'checks'}`,
    unheard && 'unheard: answers only over its link',
    reserved > 0 && `${reserved} reserved`,
    withheld.some((reason) => !['suspect', 'unheard', 'cordoned', 'draining'].includes(reason)) && `withheld: ${withheld.join(', ')}`,
  ];
  return remarks.filter(Boolean).join('; ');
}

function timeOf(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Replaces control characters. Players choose names, and could otherwise control the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '·');
}

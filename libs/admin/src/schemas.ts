import { z } from 'zod';
import { OPERATOR_EVENT_KINDS, SERVER_STATES, SEVERITIES } from '#libs/fleet';
import { EVICTION_REASONS } from '#libs/health';
import { SERVER_TYPES } from '#libs/protocol';

/** The inputs and outputs of the admin API. The types, the validation and the OpenAPI document are derived from these schemas. */

export const msSince1970 = z.int().describe("ms since 1970, by Redis' clock");
const roomStatus = z.enum(['waiting', 'starting', 'playing', 'closed']);

export const ServerView = z.object({
  id: z.string().describe('<fleet>:<type>:<name>, such as hf:game:1; <type>:<name> is accepted as well'),
  type: z.enum(SERVER_TYPES),
  name: z.string(),
  incarnation: z.int().describe('new each time a server registers'),
  state: z.enum(SERVER_STATES),
  cordoned: z.boolean().describe('an operator cordoned it: it gets no new rooms'),
  suspect: z.int().describe('health checks missed in a row'),
  unheard: z.boolean().describe('answers over its link, but not over Redis'),
  rooms: z.int(),
  players: z.int(),
  capacity: z.int().describe('maximum number of rooms'),
  reserved: z.int().describe('reserved rooms that it has not opened yet'),
  willing: z.boolean().describe('whether the next room may be placed on it'),
  withheld: z.array(z.string()).describe('the reasons why not: cordoned, draining, suspect, unheard, link-refused'),
  lagMs: z.number().describe('lag of its event loop at the last health answer, p99'),
  cpuPercent: z.int().nullable().describe('CPU of its process at the last health answers, in percent of one core; null: not reported'),
  memoryBytes: z.int().nullable().describe('resident memory of its process; null: not reported'),
  commandsPerSecond: z.int().nullable().describe('commands of players in its rooms, averaged over some seconds; null: not reported'),
  ackP99Ms: z
    .number()
    .nullable()
    .describe('99th percentile of the time from a command to its durable acknowledgement, over some seconds; null: no commands'),
  clockOffsetMs: z
    .int()
    .nullable()
    .describe("how far its wall clock was ahead of Redis' at the last health answer, in ms; null: not known"),
  version: z.string().describe('the version of Holdfast'),
  build: z.string(),
  region: z.string().describe('its region; empty: none'),
  canary: z.boolean().describe('accepts only rooms that request its build'),
  games: z.record(
    z.string(),
    z.object({
      version: z.int(),
      oldestVersion: z.int().optional(),
      seats: z.object({ min: z.int(), max: z.int() }),
      options: z.literal(true).optional().describe('rooms of this game may have options'),
    }),
  ),
  link: z.string().describe('host:port'),
  ops: z.string().describe('host:port'),
  startedAt: msSince1970,
  registeredAt: msSince1970,
  deadReason: z
    .string()
    .nullable()
    .describe(`${EVICTION_REASONS.join(', ')}; null: not dead`),
  deadAt: msSince1970.nullable().describe('when it was evicted, in ms since 1970; null: not dead'),
  settledAt: msSince1970
    .nullable()
    .describe('when the cleanup after its death was complete, in ms since 1970; null: not dead, or the cleanup still runs'),
});
export type ServerView = z.infer<typeof ServerView>;

export const ServersQuery = z.object({ type: z.enum(SERVER_TYPES).optional() });
export const ServersAnswer = z.object({ servers: z.array(ServerView) });

const actId = z.string().describe('the id of this act in the audit log: `GET /api/acts/{id}`');

/** The id of the act. `ActRecorder` adds it to every answer to an act. */
export const ActReference = z.object({ act: actId });

export const note = z
  .string()
  .max(200)
  .overwrite((text) => text.toWellFormed())
  .optional()
  .describe('why; kept in the audit log');
/** A missing body is allowed too, because `curl -X POST` sends no body. */
export const NoteBody = z.object({ note }).nullish();
export const NoteQuery = z.object({ note });

export const CordonAnswer = ServerView.extend(ActReference.shape);
export const DrainBody = z
  .object({
    note,
    wait: z
      .boolean()
      .optional()
      .describe('false: answer as soon as the drain has begun. Its progress is then that of the act: `GET /api/acts/{id}`'),
  })
  .nullish();
export const DrainAnswer = ActReference.extend({
  moved: z.int().nullable().describe('rooms that were migrated to other servers; null: the drain still runs (`wait` was false)'),
  left: z
    .int()
    .nullable()
    .describe(
      'rooms that are still there, because the time was too short (drain again) or no other server can take them; null: the drain still runs',
    ),
  server: ServerView,
});
export const EvictAnswer = ActReference.extend({
  evicted: z.boolean().describe('false: it was already dead, or its name has another incarnation'),
  server: ServerView.nullable().describe('null: its record was removed during the request'),
});

export const AdminRoomView = z.object({
  id: z.string(),
  game: z.string(),
  name: z.string(),
  status: roomStatus,
  private: z.boolean(),
  region: z.string().nullable().describe('the preferred region; null: any region'),
  build: z.string().nullable().describe('the required build; null: any build'),
  owner: z.object({ server: z.string(), incarnation: z.int() }).nullable().describe('null: no server owns it'),
  epoch: z.int().describe('the fencing token of its ownership; 0 before the first owner'),
  version: z.int().describe('number of changes of the game'),
  round: z.int().describe('number of games that ended in this room'),
  durability: z.string(),
  seats: z.int(),
  members: z.array(z.object({ user: z.string(), name: z.string(), ready: z.boolean(), here: z.boolean() })),
  players: z.array(z.string()).describe('users by seat, in the current game'),
  createdAt: z.int().describe('ms since 1970'),
  since: msSince1970.describe('when the lobby last changed it, or its status changed'),
  result: z
    .object({ reason: z.string(), result: z.unknown().optional(), message: z.string().optional() })
    .nullable()
    .describe('of the last game; null: no game has ended'),
  ownerless: z.boolean().describe('its game plays, and no living server owns it: it waits for its recovery'),
});
export type AdminRoomView = z.infer<typeof AdminRoomView>;

export const limit = (fallback: number, most: number) => z.coerce.number().int().min(1).max(most).default(fallback);

export const ROOM_ORDERS = ['created', 'changed', 'players', 'version', 'name', 'game'] as const;

export const RoomsQuery = z.object({
  q: z.string().max(64).optional().describe('part of the id or name of the room, or of the id or name of a member; case-insensitive'),
  game: z.string().min(1).max(64).optional(),
  status: roomStatus.optional(),
  server: z.string().min(1).max(128).optional().describe('rooms that this server owns now'),
  ownerless: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('true: only rooms whose game plays without a living owner'),
  sort: z.enum(ROOM_ORDERS).default('created'),
  order: z.enum(['asc', 'desc']).default('desc'),
  limit: limit(100, 1_000),
  after: z.string().max(600).optional().describe('`next` of the last page'),
});
export type RoomsQuery = z.infer<typeof RoomsQuery>;

export const RoomsAnswer = z.object({
  rooms: z.array(AdminRoomView).describe('in the requested order, each as it is now'),
  next: z
    .string()
    .nullable()
    .describe('`after` of the next page; null: this was the last page. A page may have fewer rooms than `limit` although more follow'),
  total: z.int().describe('number of rooms in the index, regardless of the filters'),
  matched: z.int().describe('number of rooms that match the filters, as they were at `asOf`'),
  asOf: msSince1970.describe('when this gateway last read the fields by which it filters and sorts'),
  complete: z.boolean().describe('false: the fleet has more rooms than this list considers; the oldest ones are left out'),
});
export type RoomsAnswer = z.infer<typeof RoomsAnswer>;

export const HistoryQuery = z.object({
  limit: limit(100, 10_000),
  before: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('only changes before this version: the `version` of the first change of the last page'),
});
export const HistoryAnswer = z.object({
  room: z.string(),
  version: z.int(),
  changes: z
    .array(
      z.object({
        version: z.int(),
        at: z.int().describe("ms since 1970, by the owner's clock"),
        events: z.array(z.object({ name: z.string(), data: z.unknown().optional(), to: z.array(z.int()).optional() })),
        seats: z
          .record(z.string(), z.object({ seq: z.int().optional(), presence: z.string().optional(), refused: z.unknown().optional() }))
          .describe('changes of seats: highest applied command seq, presence, refusals'),
        patches: z.int().nullable().describe("number of RFC 6902 patches to the game's state; null: the change has a state patch"),
        deltaBytes: z.int().nullable().describe('size of the state patch, in bytes; null: the change has RFC 6902 patches'),
        ended: z
          .object({ reason: z.string(), result: z.unknown().optional(), message: z.string().optional() })
          .nullable()
          .describe('null: the game did not end with this change'),
      }),
    )
    .describe('oldest first, back to the last checkpoint while the game runs'),
  more: z.boolean().describe('whether the log has earlier changes'),
});
export type HistoryAnswer = z.infer<typeof HistoryAnswer>;

export const MigrateBody = z
  .object({ to: z.string().min(1).max(128).optional().describe('the target server; absent: placement chooses one'), note })
  .nullish();
export const MigrateAnswer = ActReference.extend({ room: z.string(), from: z.string(), to: z.string() });
export const EndBody = z
  .object({
    note: z
      .string()
      .max(500)
      .overwrite((note) => note.toWellFormed())
      .optional()
      .describe('sent to the players as `note` of the result, and kept in the audit log'),
    round: z.int().min(0).optional().describe('`round` of the room: end the game only if it is still this one; absent: whichever runs'),
  })
  .nullish();
export const EndAnswer = ActReference.extend({ room: z.string(), ended: z.literal(true) });

export const FleetAnswer = z.object({
  gateway: z.string().describe('the gateway that answers'),
  servers: z.record(z.string(), z.int()).describe('number of servers by type and state: "game ready"'),
  slots: z.int().describe('maximum number of rooms of all open game servers; canaries do not count'),
  rooms: z.int(),
  players: z.int(),
  freeSlots: z.int(),
  takenPercent: z.number().nullable().describe('percentage of the slots that have a room; null: there are no slots'),
  gameServers: z.object({ open: z.int(), cordoned: z.int(), leaving: z.int() }),
  wantedGameServers: z.int().describe('for an autoscaler: grows at once, shrinks after a whole window in which fewer were enough'),
  scale: z.object({ upAtPercent: z.int(), downAtPercent: z.int(), windowMs: z.int() }),
});
export type FleetAnswer = z.infer<typeof FleetAnswer>;

export const QueueView = z.object({
  game: z.string(),
  runner: z.string().describe('the lobby that runs the rounds'),
  tickets: z.int().describe('searches that wait; a party is one'),
  players: z.int(),
  paused: z.int().describe('tickets that pause because a player has no connection'),
  waitingP50Ms: z.int().nullable().describe('how long the waiting tickets have waited; null: nobody waits'),
  waitingP95Ms: z.int().nullable().describe('null: nobody waits'),
  matchedP50Ms: z.int().nullable().describe('how long the tickets of the latest 100 matches had waited; null: no match yet'),
  matchedP95Ms: z.int().nullable().describe('null: no match yet'),
  matchesPerMinute: z.int(),
  matches: z.int().optional().describe('matches since this lobby began to run the rounds; absent: a lobby of an earlier version reports'),
  byMode: z
    .array(z.object({ mode: z.string().nullable().describe('null: the searches have no mode'), tickets: z.int(), longestWaitMs: z.int() }))
    .optional()
    .describe('the waiting searches of each mode; players of different modes are never matched'),
  ratingSpread: z.int().nullable().describe('best rating minus weakest rating of a match, median of the latest 100; null: no ratings'),
  roundMs: z.int().describe('duration of the last round'),
});
export type QueueView = z.infer<typeof QueueView>;
export const QueuesAnswer = z.object({ queues: z.array(QueueView) });
export type QueuesAnswer = z.infer<typeof QueuesAnswer>;

/** All kinds of events, such as `server.evicted`, and all groups, such as `server`. */
const EVENT_FILTERS = [...OPERATOR_EVENT_KINDS, ...new Set(OPERATOR_EVENT_KINDS.map((kind) => kind.split('.')[0] as string))];

export const IncidentView = z.object({
  server: z.string(),
  incarnation: z.int(),
  outcome: z
    .enum(['suspected', 'healed', 'restarted', 'evicted'])
    .describe(
      'suspected: no verdict yet; healed: healthy again without a verdict; restarted: it left or registered again before a verdict',
    ),
  reasons: z.array(z.string()).describe('in the order of the events'),
  severity: z.enum(SEVERITIES),
  beganAt: z
    .int()
    .describe('ms since 1970, in the store time, like the other times; with a missed check: when the server was last known to be alive'),
  evictedAt: z.int().nullable().describe('null: it was not evicted'),
  endedAt: z.int().nullable().describe('null: the incident is not over'),
  rooms: z.int().describe('rooms that other servers had to take over'),
  pauseMs: z.int().nullable().describe('from the beginning until no room waited; null: no room had to wait, or some still wait'),
  returnedAt: z.int().nullable().describe('when a new incarnation of the server registered; null: none has registered'),
});
export const IncidentsAnswer = z.object({ incidents: z.array(IncidentView) });
export type IncidentsAnswer = z.infer<typeof IncidentsAnswer>;
export const IncidentsQuery = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });

export const EventsQuery = z.object({
  recent: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .describe('how many past events to send first, as far as this gateway has them'),
  kind: z
    .string()
    .max(1_000)
    .transform((text) => text.split(',').map((kind) => kind.trim()))
    .pipe(z.array(z.enum(EVENT_FILTERS)))
    .optional()
    .describe('kinds and groups of kinds, separated by commas, such as `server,room.given-up`; without it, all kinds'),
  severity: z.enum(SEVERITIES).default('info').describe('the lowest severity to send'),
});

export const EventView = z.object({
  id: z.string(),
  at: z.int().describe('ms since 1970, by the clock of that server'),
  by: z.string().describe('the server that reports it'),
  kind: z.enum(OPERATOR_EVENT_KINDS),
  severity: z.enum(SEVERITIES).optional().describe('absent: a server of an earlier build reports it'),
  reason: z.string(),
  server: z.string().optional(),
  incarnation: z.int().optional(),
  room: z.string().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
});

export const ErrorAnswer = z.object({ code: z.string(), message: z.string(), retry: z.boolean(), retryAfterMs: z.int().optional() });

import { z } from 'zod';
import {
  ATTRIBUTES_MAX,
  CHAT_BYTES_MAX,
  CHAT_CHARACTERS_MAX,
  CHAT_HISTORY_MAX,
  CHAT_ID_CHARACTERS_MAX,
  FILTER_CONDITIONS_MAX,
  LIST_FIELDS,
  MATCH_REGIONS_MAX,
  NAME_BYTES_MAX,
  type OperationName,
  type Operations,
  PASSWORD_BYTES_MAX,
  ROOM_NAME_CHARACTERS_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  type RoomId,
  TEAMS_MAX,
  type UserId,
  WATCH_DELAY_MS_MAX,
  WATCH_POLICIES,
} from '#libs/protocol';
import { checkNickname, checkText } from '#libs/session';

/** Returns the schema of an object with only these fields. For any other field, the error names this field and lists the allowed fields. */
const fields = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code, keys }) => (code === 'unrecognized_keys' ? describeUnknown(keys as string[], Object.keys(shape)) : undefined),
  });

function describeUnknown(given: readonly string[], allowed: readonly string[]): string {
  const shown = given.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 64)));
  const rule = allowed.length === 0 ? 'it has no fields' : `allowed are ${allowed.join(', ')}`;
  return `this request does not have the field ${shown.join(', ')}: ${rule}`;
}

const roomId = z
  .string()
  .min(1)
  .max(64)
  .transform((id) => id as RoomId);
const game = z.string().min(1).max(64);
const ROOM_NAME_LIMITS = { graphemesMax: ROOM_NAME_CHARACTERS_MAX, bytesMax: NAME_BYTES_MAX };
/**
 * The name of a room. The rules for player names apply, because other players read it. A name of only white space becomes empty, so the
 * room has no name.
 */
const roomName = z.string().transform((text, context) => {
  if (text.trim() === '') return '';
  const checked = checkNickname(text, ROOM_NAME_LIMITS);
  if (checked.ok) return checked.name;
  context.addIssue({ code: 'custom', message: `The name ${checked.flaw}` });
  return z.NEVER;
});
const region = z.string().regex(/^[A-Za-z0-9-]{1,32}$/, 'must be 1 to 32 letters, digits and dashes');
const build = z.string().regex(/^[A-Za-z0-9._+-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes, plus signs and underscores');
/**
 * The options of a room. Every view of the room contains them, so their size is limited. They are stored as JSON, so byte strings and NaN
 * are not allowed.
 */
const options = z
  .record(z.string(), z.json())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= ROOM_OPTIONS_BYTES_MAX,
    `must have at most ${ROOM_OPTIONS_BYTES_MAX} bytes of JSON`,
  );
const mode = z.string().regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 letters, digits, dots, dashes and underscores');
const attributeValue = z.union([z.string().max(64), z.number()]);
const attributeName = z.string().regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 letters, digits, dots, dashes and underscores');
/** One attribute of a ticket: a single value, a list of accepted values (`any`), or a range of accepted numbers (`min`, `max`). */
const attribute = z.union(
  [
    attributeValue,
    z.strictObject({ value: attributeValue.optional(), any: z.array(attributeValue).min(1).max(16) }),
    z
      .strictObject({ value: z.number().optional(), min: z.number().optional(), max: z.number().optional() })
      .refine((wish) => Object.values(wish).some((limit) => limit !== undefined), 'must have `value`, `min` or `max`')
      .refine(({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) => min <= max, '`min` must not be above `max`'),
  ],
  'must be a text, a number, `{any: […]}` or `{min, max}`',
);
const atMost = (count: number) => [(value: object) => Object.keys(value).length <= count, `must have at most ${count} entries`] as const;
const user = z
  .string()
  .min(1)
  .max(256)
  .transform((id) => id as UserId);
const password = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= PASSWORD_BYTES_MAX, `must have at most ${PASSWORD_BYTES_MAX} bytes`);
const watchDelayMs = z.int().min(0).max(WATCH_DELAY_MS_MAX);
const teams = z.strictObject({ count: z.int().min(2).max(TEAMS_MAX), size: z.int().min(1).max(500) });
/** The fields of `RoomSettings`. */
const settings = {
  name: roomName.optional(),
  private: z.boolean().optional(),
  inviteOnly: z.boolean().optional(),
  locked: z.boolean().optional(),
  watch: z.enum(WATCH_POLICIES).optional(),
  spectatorChat: z.boolean().optional(),
};
/**
 * The id or invite code with which a player enters a room. Does not check the form of an invite code, because the lobby looks up the code
 * anyway.
 */
const entry = fields({ room: roomId.optional(), code: z.string().min(1).max(64).optional(), password: password.optional() }).refine(
  ({ room, code }) => (room === undefined) !== (code === undefined),
  'give either `room` or `code`',
);

const FIELD = new RegExp(`^(?:${LIST_FIELDS.join('|')}|(?:options|metadata)(?:\\.[^.]{1,64}){1,8})$`);
const FIELDS_ALLOWED = `must be one of ${LIST_FIELDS.join(', ')}, options.NAME, metadata.NAME`;
const filterValue = z.union([z.string().max(256), z.number(), z.boolean(), z.null()], 'must be a text, a number, a boolean or null');
const range = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'must have `min`, `max` or `any`');
const condition = z.union(
  [filterValue, z.strictObject({ any: z.array(filterValue).min(1).max(FILTER_CONDITIONS_MAX) }), range],
  'must be a value, { any: [values] }, or { min, max } with numbers',
);
const filter = z
  .record(z.string().regex(FIELD, FIELDS_ALLOWED), condition)
  .refine((given) => Object.keys(given).length <= FILTER_CONDITIONS_MAX, `must have at most ${FILTER_CONDITIONS_MAX} conditions`);
const sort = z.strictObject({
  by: z.string().refine((by) => by === 'created' || FIELD.test(by), `${FIELDS_ALLOWED}, or created`),
  order: z.enum(['ascending', 'descending']).optional(),
});
/** The fields of a request about a chat: the fields that select the channel, and the fields of `shape`. */
const inChannel = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.discriminatedUnion('to', [
    fields({ to: z.literal('room'), room: roomId.optional(), ...shape }),
    fields({ to: z.literal('lobby'), game, ...shape }),
  ]);
/** The text of a chat message. Control characters and invisible characters are refused, as in names. */
const chatText = z.string().transform((text, context) => {
  const checked = checkText(text, { graphemesMax: CHAT_CHARACTERS_MAX, bytesMax: CHAT_BYTES_MAX });
  if (checked.ok) return checked.text;
  context.addIssue({ code: 'custom', message: `The text ${checked.flaw}` });
  return z.NEVER;
});
const nothing = fields({})
  .optional()
  .transform(() => undefined);

/**
 * For each operation, the schema with which the lobby validates the data of a player's request. The compiler checks the schemas against
 * `Operations`.
 */
export const OPERATION_SCHEMAS = {
  'games.list': nothing,
  'rooms.list': fields({
    game: game.optional(),
    limit: z.int().min(1).max(1_000).optional(),
    cursor: z.string().max(2_048).optional(),
    filter: filter.optional(),
    sort: sort.optional(),
    subscribe: z.boolean().optional(),
  })
    .refine(({ cursor, subscribe }) => cursor === undefined || !subscribe, 'a subscription is to the first page: leave out `cursor`')
    .optional(),
  'rooms.unsubscribe': nothing,
  'rooms.create': fields({
    game,
    ...settings,
    seats: z.int().min(1).max(1_000).optional(),
    region: region.optional(),
    build: build.optional(),
    options: options.optional(),
    password: password.optional(),
    watchDelayMs: watchDelayMs.optional(),
    teams: teams.optional(),
  }),
  'rooms.join': entry,
  'rooms.watch': entry,
  'rooms.leave': nothing,
  'rooms.ready': fields({ ready: z.boolean() }).optional(),
  'rooms.update': fields({
    ...settings,
    password: password.nullable().optional(),
    options: options.optional(),
    watchDelayMs: watchDelayMs.optional(),
  }),
  'rooms.host': fields({ user }),
  'rooms.kick': fields({ user, ban: z.boolean().optional() }),
  'rooms.unban': fields({ user }),
  'rooms.team': fields({
    team: z
      .int()
      .min(0)
      .max(TEAMS_MAX - 1),
    user: user.optional(),
  }),
  'rooms.balance': nothing,
  'rooms.rematch': nothing,
  'rooms.start': fields({ waitMs: z.int().min(0).max(10_000).optional() }).optional(),
  'rooms.cancelStart': nothing,
  'match.find': fields({
    game,
    mode: mode.optional(),
    options: options.optional(),
    region: region.optional(),
    regions: z
      .record(region, z.number().min(0).max(60_000))
      .refine(...atMost(MATCH_REGIONS_MAX))
      .optional(),
    attributes: z
      .record(attributeName, attribute)
      .refine(...atMost(ATTRIBUTES_MAX))
      .optional(),
    party: z.literal(true).optional(),
  }),
  'match.cancel': nothing,
  'match.accept': fields({ offer: z.string().min(1).max(64) }),
  'match.decline': fields({ offer: z.string().min(1).max(64) }),
  'match.status': nothing,
  'chat.send': inChannel({ text: chatText, id: z.string().min(1).max(CHAT_ID_CHARACTERS_MAX) }),
  'chat.history': inChannel({
    after: z.int().min(0).optional(),
    limit: z.int().min(1).max(CHAT_HISTORY_MAX).optional(),
    follow: z.boolean().optional(),
  }),
  'chat.mute': fields({
    user,
    muted: z.boolean(),
  }),
  me: nothing,
} satisfies { [Name in OperationName]: z.ZodType<Operations[Name]['data']> };

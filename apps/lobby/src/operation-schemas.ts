import { z } from 'zod';
import {
  CHAT_BYTES_MAX,
  CHAT_CHARACTERS_MAX,
  CHAT_HISTORY_MAX,
  CHAT_ID_CHARACTERS_MAX,
  NAME_BYTES_MAX,
  type OperationName,
  type Operations,
  ROOM_NAME_CHARACTERS_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  type RoomId,
  type UserId,
} from '#libs/protocol';
import { checkNickname, checkText } from '#libs/session';

const roomId = z
  .string()
  .min(1)
  .max(64)
  .transform((id) => id as RoomId);
const game = z.string().min(1).max(64);
const ROOM_NAME_LIMITS = { graphemesMax: ROOM_NAME_CHARACTERS_MAX, bytesMax: NAME_BYTES_MAX };
/** The name of a room. Other players read it, so the rules for player names apply. A name of only white space counts as no name. */
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
 * The options of a room. They are part of every view of the room, so they must be small. They are stored as JSON, which has no byte strings
 * and no NaN.
 */
const options = z
  .record(z.string(), z.json())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= ROOM_OPTIONS_BYTES_MAX,
    `must have at most ${ROOM_OPTIONS_BYTES_MAX} bytes of JSON`,
  );
const channel = z.discriminatedUnion('to', [
  z.object({ to: z.literal('room'), room: roomId.optional() }),
  z.object({ to: z.literal('lobby'), game }),
]);
/** The text of a chat message. Control characters and invisible characters are refused, as in names. */
const chatText = z.string().transform((text, context) => {
  const checked = checkText(text, { graphemesMax: CHAT_CHARACTERS_MAX, bytesMax: CHAT_BYTES_MAX });
  if (checked.ok) return checked.text;
  context.addIssue({ code: 'custom', message: `The text ${checked.flaw}` });
  return z.NEVER;
});
const nothing = z.unknown().transform(() => undefined);

/**
 * The schema of each operation's input, with which the lobby validates the data of players. The compiler checks the schemas against
 * `Operations`.
 */
export const OPERATION_SCHEMAS = {
  'games.list': nothing,
  'rooms.list': z
    .object({ game: game.optional(), limit: z.int().min(1).max(1_000).optional(), cursor: z.string().max(128).optional() })
    .optional(),
  'rooms.create': z.object({
    game,
    name: roomName.optional(),
    seats: z.int().min(1).max(1_000).optional(),
    private: z.boolean().optional(),
    region: region.optional(),
    build: build.optional(),
    options: options.optional(),
  }),
  'rooms.join': z.object({ room: roomId }),
  'rooms.watch': z.object({ room: roomId }),
  'rooms.leave': nothing,
  'rooms.ready': z.object({ ready: z.boolean() }).optional(),
  'rooms.start': z.object({ waitMs: z.int().min(0).max(10_000).optional() }).optional(),
  'rooms.cancelStart': nothing,
  'match.find': z.object({ game, region: region.optional() }),
  'match.cancel': nothing,
  'chat.send': z.intersection(channel, z.object({ text: chatText, id: z.string().min(1).max(CHAT_ID_CHARACTERS_MAX) })),
  'chat.history': z.intersection(
    channel,
    z.object({
      after: z.int().min(0).optional(),
      limit: z.int().min(1).max(CHAT_HISTORY_MAX).optional(),
      follow: z.boolean().optional(),
    }),
  ),
  'chat.mute': z.object({
    user: z
      .string()
      .min(1)
      .max(256)
      .transform((user) => user as UserId),
    muted: z.boolean(),
  }),
  me: nothing,
} satisfies { [Name in OperationName]: z.ZodType<Operations[Name]['data']> };

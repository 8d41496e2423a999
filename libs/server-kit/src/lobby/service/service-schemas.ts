import { z } from 'zod';
import {
  NAME_BYTES_MAX,
  ROOM_NAME_CHARACTERS_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  type RoomId,
  TEAMS_MAX,
  type UserId,
  WATCH_DELAY_MS_MAX,
  WATCH_POLICIES,
} from '#libs/protocol';
import { cleanNickname } from '#libs/session';

/** The requests and answers of the service API. Types, validation and the OpenAPI document are all derived from these schemas. */

export const ROOM_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** An idempotency key is printable ASCII, because it is sent in a header. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;
/** Maximum number of users of a new room: the maximum number of seats. */
const USERS_MAX = 1_000;

const userId = z.string().min(1).max(256);
const shownName = z.string().max(256).optional().describe('the name that others see; absent: the user directory knows it');
const ServiceUser = z.strictObject({ user: userId.describe('`sub` of the token of the user'), name: shownName });

export const NewRoomBody = z.strictObject({
  game: z.string().min(1).max(64),
  users: z.array(ServiceUser).min(1).max(USERS_MAX).describe('the members; the first one is the host'),
  name: z
    .string()
    .max(256)
    .overwrite((name) => cleanNickname(name, { graphemesMax: ROOM_NAME_CHARACTERS_MAX, bytesMax: NAME_BYTES_MAX }))
    .optional(),
  seats: z.int().min(1).max(1_000).optional().describe('number of players, within the limits of the game'),
  private: z.boolean().optional().describe('neither listed nor matched; it has an invite code'),
  inviteOnly: z.boolean().optional(),
  locked: z.boolean().optional().describe('no player may join; this API may still put users in'),
  watch: z.enum(WATCH_POLICIES).optional().describe('who may watch'),
  spectatorChat: z.boolean().optional(),
  watchDelayMs: z.int().min(0).max(WATCH_DELAY_MS_MAX).optional(),
  password: z.string().min(1).max(64).optional(),
  teams: z.strictObject({ count: z.int().min(2).max(TEAMS_MAX), size: z.int().min(1).max(500) }).optional(),
  region: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/)
    .optional(),
  build: z
    .string()
    .regex(/^[A-Za-z0-9._+-]{1,64}$/)
    .optional(),
  options: z
    .record(z.string(), z.unknown())
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= ROOM_OPTIONS_BYTES_MAX,
      `must have at most ${ROOM_OPTIONS_BYTES_MAX} bytes of JSON`,
    )
    .optional()
    .describe('the options of the games of this room, as the game defines them'),
});

export const PutBody = z.strictObject({ user: userId, name: shownName });
/** A missing body is allowed, because `curl -X POST` sends no body. */
export const StartBody = z
  .strictObject({ waitMs: z.int().min(0).max(10_000).optional().describe('how long to wait for a free game server') })
  .nullish();
export const EndRoomBody = z
  .strictObject({
    note: z
      .string()
      .max(500)
      .overwrite((note) => note.toWellFormed())
      .optional()
      .describe('sent to the players as `note` of the result'),
    close: z.boolean().optional().describe('true: the room is closed too, also when no game runs'),
  })
  .nullish();

export const ServiceRoomAnswer = z.object({
  id: z.string(),
  room: z
    .object({
      id: z.string(),
      game: z.string(),
      name: z.string(),
      status: z.enum(['waiting', 'starting', 'playing', 'closed']),
      rev: z.int(),
      owner: z.string().describe('the user who is the host'),
      seats: z.int(),
      members: z.array(z.object({ user: z.string(), name: z.string(), seat: z.int(), ready: z.boolean(), here: z.boolean() })),
    })
    .catchall(z.unknown())
    .nullable()
    .describe('the room after the request, as its members see it (docs/protocol.md); null: it is closed'),
});

/** Adds the brand to an id, because the schemas for OpenAPI produce plain strings. */
export const asRoomId = (id: string): RoomId => id as RoomId;
export const asUserId = (id: string): UserId => id as UserId;

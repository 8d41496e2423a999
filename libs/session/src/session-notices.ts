import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { MatchMessage, RoomId, ServerId, SessionId, UserId } from '#libs/protocol';
import { PubSub } from '#libs/redis';
import { sessionsChannel } from './session-keys.js';

const noticeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('replaced'), session: z.string() }),
  z.object({
    kind: z.literal('bind'),
    user: z.string(),
    session: z.string().optional(),
    room: z.string(),
    role: z.enum(['player', 'watcher']),
    rev: z.number(),
    match: z.object({ game: z.string(), ticket: z.string() }).optional(),
  }),
  z.object({
    kind: z.literal('match'),
    user: z.string(),
    session: z.string().optional(),
    message: z.looseObject({ kind: z.literal('match'), game: z.string(), ticket: z.string(), event: z.string() }),
  }),
  z.object({ kind: z.literal('unbind'), user: z.string(), session: z.string().optional(), room: z.string() }),
]);

/** A message to a gateway about one of its sessions. */
export type SessionNotice =
  /** The session was resumed at another gateway, or its user has a newer session. The gateway closes the session's connection. */
  | { readonly kind: 'replaced'; readonly session: SessionId }
  /** The user has entered this room. The gateway attaches the session to the room's owner. */
  | {
      readonly kind: 'bind';
      readonly user: UserId;
      readonly session?: SessionId;
      readonly room: RoomId;
      readonly role: 'player' | 'watcher';
      /** The revision of the room at which the user entered. */
      readonly rev: number;
      /** The ticket whose match is played in the room. Absent: the user did not enter the room by matchmaking. */
      readonly match?: { readonly game: string; readonly ticket: string };
    }
  /** A message for the user about a ticket. */
  | { readonly kind: 'match'; readonly user: UserId; readonly session?: SessionId; readonly message: MatchMessage }
  /** The user has left this room. */
  | { readonly kind: 'unbind'; readonly user: UserId; readonly session?: SessionId; readonly room: RoomId };

/**
 * Sends notices to gateways, at most once: a notice is lost while the gateway's connection to Redis is down. Notices of one sender arrive
 * in order, except in a Cluster, where an `unbind` can arrive before the preceding `bind`.
 *
 * A notice only makes a gateway react faster, because the records of sessions and rooms decide. A gateway reads the records after a notice,
 * when it touches or resumes a session, and when it has subscribed again.
 */
@Injectable()
export class SessionNotices {
  constructor(private readonly pubSub: PubSub) {}

  async send(gateway: ServerId, notice: SessionNotice): Promise<void> {
    await this.pubSub.publish(sessionsChannel(gateway), JSON.stringify(notice));
  }

  /** Calls `listener` with each notice to `gateway`, until the caller calls the returned function. */
  async onNotice(gateway: ServerId, listener: (notice: SessionNotice) => void): Promise<() => Promise<void>> {
    const channel = sessionsChannel(gateway);
    const handler = (message: string): void => {
      const notice = parseNotice(message);
      if (notice) listener(notice);
    };
    await this.pubSub.subscribe(channel, handler);
    return () => this.pubSub.unsubscribe(channel, handler);
  }
}

/** Parses a notice. Null: the notice is invalid, or a newer server sent a kind that this build does not know. */
export function parseNotice(message: string): SessionNotice | null {
  try {
    return noticeSchema.parse(JSON.parse(message)) as SessionNotice;
  } catch {
    return null;
  }
}

import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { RoomId, ServerId, SessionId, UserId } from '#libs/protocol';
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
  }),
  z.object({ kind: z.literal('unbind'), user: z.string(), session: z.string().optional(), room: z.string() }),
]);

/** What a gateway is told about one of its sessions. */
export type SessionNotice =
  /** The session goes on elsewhere, or its user has a newer one: close this connection. */
  | { readonly kind: 'replaced'; readonly session: SessionId }
  /** The user is in this room now: attach the session to the room's owner. */
  | {
      readonly kind: 'bind';
      readonly user: UserId;
      readonly session?: SessionId;
      readonly room: RoomId;
      readonly role: 'player' | 'watcher';
      /** The room's revision that has the user in it. */
      readonly rev: number;
    }
  /** The user is in this room no more. */
  | { readonly kind: 'unbind'; readonly user: UserId; readonly session?: SessionId; readonly room: RoomId };

/**
 * Notices to gateways, at most once: one that is published while the gateway's connection to Redis is down is lost. In
 * the order of one sender, but not in a Cluster: a `bind` may be overtaken by the `unbind` after it. They make things quick; what holds is on record (`SessionStore`, the rooms), and
 * a gateway looks there when it is told, when a session touches or resumes, and when its own subscription comes back.
 */
@Injectable()
export class SessionNotices {
  constructor(private readonly pubSub: PubSub) {}

  async send(gateway: ServerId, notice: SessionNotice): Promise<void> {
    await this.pubSub.publish(sessionsChannel(gateway), JSON.stringify(notice));
  }

  /** Calls `listener` with each notice to `gateway` until the function that is given back is called. */
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

/** Null: not a notice this build knows; a newer server may send more. */
export function parseNotice(message: string): SessionNotice | null {
  try {
    return noticeSchema.parse(JSON.parse(message)) as SessionNotice;
  } catch {
    return null;
  }
}

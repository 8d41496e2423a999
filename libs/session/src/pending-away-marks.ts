import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { markAway } from './scripts/mark-away.js';

/** The gateway and secret that a session had when its connection was lost. */
interface LostConnection {
  readonly gateway: ServerId;
  readonly secretHash: string;
}

/**
 * Marks a session's record as away when its connection is lost, so that the session does not block the user's next login. Keeps the marks
 * that the store did not confirm, and writes them again. While the store accepts no writes, no new session begins, so the number of kept
 * marks is limited.
 */
@Injectable()
export class PendingAwayMarks {
  /**
   * Marks that the store has not confirmed, by the hash of the secret. One session can have two marks: after a resume with an unknown
   * result, the store has either the old or the new secret.
   */
  private readonly unwritten = new Map<string, LostConnection & { readonly session: SessionId }>();

  constructor(private readonly redis: RedisConnections) {}

  mark(session: SessionId, lost: LostConnection): void {
    this.unwritten.set(lost.secretHash, { ...lost, session });
    void this.write(session, lost);
  }

  /** Repeats all unconfirmed marks if there is a connection to the store. The gateway calls this method regularly. */
  retry(): void {
    if (!this.redis.isReady) return;
    for (const lost of this.unwritten.values()) void this.write(lost.session, lost);
  }

  private async write(session: SessionId, { gateway, secretHash }: LostConnection): Promise<void> {
    try {
      await markAway(this.redis.commands, session, gateway, secretHash);
      this.unwritten.delete(secretHash);
    } catch {
      // Ignores an error, because `retry` writes the mark again later.
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { markAway } from './scripts/mark-away.js';

/** The gateway and secret of a session at the time when its connection was lost. */
interface LetGo {
  readonly gateway: ServerId;
  readonly secretHash: string;
}

/**
 * Marks a session's record as away when its connection is lost, so that the session does not block the user's next login.
 * Keeps marks that the store did not accept and writes them again. A login needs the store, so there are never more
 * marks than sessions.
 */
@Injectable()
export class SessionAways {
  /** By the hash of the secret: after a resume with an unknown result, either of two secrets may be the stored one. */
  private readonly unwritten = new Map<string, LetGo & { readonly session: SessionId }>();

  constructor(private readonly redis: RedisConnections) {}

  mark(session: SessionId, letGo: LetGo): void {
    this.unwritten.set(letGo.secretHash, { ...letGo, session });
    void this.write(session, letGo);
  }

  /** The gateway calls this regularly. */
  retry(): void {
    if (!this.redis.isReady) return;
    for (const letGo of this.unwritten.values()) void this.write(letGo.session, letGo);
  }

  private async write(session: SessionId, { gateway, secretHash }: LetGo): Promise<void> {
    try {
      await markAway(this.redis.commands, session, gateway, secretHash);
      this.unwritten.delete(secretHash);
    } catch {
      // The store is not available: `retry` writes the mark again.
    }
  }
}

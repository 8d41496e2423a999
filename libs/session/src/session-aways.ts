import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { markAway } from './scripts/mark-away.js';

/** A session as its gateway held it when its connection was lost. */
interface LetGo {
  readonly gateway: ServerId;
  readonly secretHash: string;
}

/**
 * Notes on a session's record that its connection is gone, so that it stands in nobody's way. What the store did not
 * take is kept and written again: no more of them than there are sessions, since a login needs the store.
 */
@Injectable()
export class SessionAways {
  /** By the hash of the secret: a resume that is not known to have been done leaves two, of which either may hold. */
  private readonly unwritten = new Map<string, LetGo & { readonly session: SessionId }>();

  constructor(private readonly redis: RedisConnections) {}

  mark(session: SessionId, letGo: LetGo): void {
    this.unwritten.set(letGo.secretHash, { ...letGo, session });
    void this.write(session, letGo);
  }

  /** To be called now and then. */
  retry(): void {
    if (!this.redis.isReady) return;
    for (const letGo of this.unwritten.values()) void this.write(letGo.session, letGo);
  }

  private async write(session: SessionId, { gateway, secretHash }: LetGo): Promise<void> {
    try {
      await markAway(this.redis.commands, session, gateway, secretHash);
      this.unwritten.delete(secretHash);
    } catch {
      // The store is away: `retry`.
    }
  }
}

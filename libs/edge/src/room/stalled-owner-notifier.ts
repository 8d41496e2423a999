import { Injectable } from '@nestjs/common';
import { type LinkPeer, Links } from '#libs/link';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';

/**
 * Players are told that their game waits while its server hangs: until the verdict comes, or the server speaks again. The
 * tie to the owner stands meanwhile, and what a player said goes on as soon as it is read.
 */
@Injectable()
export class StalledOwnerNotifier {
  /** Told of a pause by the silence of an owner; by which epoch, since another may have taken over. */
  private readonly notified = new Map<GatewaySession, number>();

  constructor(
    private readonly sessions: SessionTable,
    links: Links,
  ) {
    links.onSilence((peer, isSilent) => {
      if (isSilent) this.notifyPaused(peer);
      else this.notifyResumed(peer);
    });
    links.onClosed(() => this.forgetOthers());
  }

  private notifyPaused(peer: LinkPeer): void {
    this.forgetOthers();
    for (const session of this.sessions.all()) {
      if (session.peer !== peer || session.status !== 'attached' || session.isPauseSent || !session.room) continue;
      // As if by the one that ties sessions to owners, who says `resumed` in its turn should another owner take over.
      session.isPauseSent = true;
      session.pausedAt = performance.now();
      this.notified.set(session, session.epoch);
      session.send({ kind: 'paused', room: session.room, reason: 'server-silent' });
    }
  }

  private notifyResumed(peer: LinkPeer): void {
    for (const [session, epoch] of this.notified) {
      if (session.peer !== peer) continue;
      this.notified.delete(session);
      if (!session.isPauseSent || !session.room || session.epoch !== epoch || session.status !== 'attached') continue;
      session.isPauseSent = false;
      session.send({ kind: 'resumed', room: session.room, reason: 'owner' });
    }
  }

  private forgetOthers(): void {
    for (const session of this.notified.keys()) if (session.status !== 'attached') this.notified.delete(session);
  }
}

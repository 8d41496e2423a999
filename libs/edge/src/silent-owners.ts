import { Injectable } from '@nestjs/common';
import { type LinkPeer, Links } from '#libs/link';
import type { GatewaySession } from './gateway-session.js';
import { SessionTable } from './session-table.js';

/**
 * Players are told that their game waits while its server hangs: until the verdict comes, or the server speaks again. The
 * tie to the owner stands meanwhile, and what a player said goes on as soon as it is read.
 */
@Injectable()
export class SilentOwners {
  /** Told of a pause by the silence of an owner; by which epoch, since another may have taken over. */
  private readonly told = new Map<GatewaySession, number>();

  constructor(
    private readonly sessions: SessionTable,
    links: Links,
  ) {
    links.onSilence((peer, isSilent) => {
      if (isSilent) this.fellSilent(peer);
      else this.heardAgain(peer);
    });
    links.onClosed(() => this.forgetMoved());
  }

  private fellSilent(peer: LinkPeer): void {
    this.forgetMoved();
    for (const session of this.sessions.all()) {
      if (session.peer !== peer || session.attachment !== 'attached' || session.pauseTold || !session.room) continue;
      // As if by the one that ties sessions to owners, who says `resumed` in its turn should another owner take over.
      session.pauseTold = true;
      session.pausedAt = performance.now();
      this.told.set(session, session.epoch);
      session.send({ kind: 'paused', room: session.room, reason: 'server-silent' });
    }
  }

  private heardAgain(peer: LinkPeer): void {
    for (const [session, epoch] of this.told) {
      if (session.peer !== peer) continue;
      this.told.delete(session);
      if (!session.pauseTold || !session.room || session.epoch !== epoch || session.attachment !== 'attached') continue;
      session.pauseTold = false;
      session.send({ kind: 'resumed', room: session.room, reason: 'owner' });
    }
  }

  private forgetMoved(): void {
    for (const session of this.told.keys()) if (session.attachment !== 'attached') this.told.delete(session);
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type LinkPeer, Links } from '#libs/link';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import { OwnerAttachments } from './owner-attachments.js';

/**
 * Sends `paused` to players while the owner of their room does not answer on its link. Later the owner either answers again or is evicted.
 * Until then the sessions stay attached, and the owner handles their commands when it reads its link again.
 */
@Injectable()
export class StalledOwnerNotifier implements OnModuleInit {
  constructor(
    private readonly sessions: SessionTable,
    private readonly attachments: OwnerAttachments,
    private readonly links: Links,
  ) {}

  onModuleInit(): void {
    this.links.onSilence((peer, isSilent) => {
      for (const session of this.attachedTo(peer)) {
        if (isSilent) this.attachments.ownerStalled(session);
        else this.attachments.ownerRecovered(session);
      }
    });
  }

  private *attachedTo(peer: LinkPeer): Iterable<GatewaySession> {
    for (const session of this.sessions.all()) {
      const { attachment } = session;
      if (attachment.kind === 'attached' && attachment.peer === peer) yield session;
    }
  }
}

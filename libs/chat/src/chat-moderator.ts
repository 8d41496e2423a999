import { Injectable } from '@nestjs/common';
import type { UserId } from '#libs/protocol';
import type { ChatTarget } from './chat-keys.js';

/** A message that a user wants to send. */
export interface ReviewedMessage {
  readonly user: UserId;
  readonly name: string;
  readonly text: string;
  readonly target: ChatTarget;
}

/**
 * `pass`: the message is sent unchanged. `text`: the message is sent with this text instead. `refuse`: the message is not sent, and the
 * sender gets the reason.
 */
export type ChatVerdict = 'pass' | { readonly text: string } | { readonly refuse: string };

/**
 * Port: decides about each chat message before other users see it. Lobbies call it. When it throws, or does not answer within
 * `CHAT_MODERATION_MS`, the lobby refuses the message with `unavailable`, and the sender may send it again. A message that the client sends
 * again may be moderated twice.
 *
 * To use another moderator, mark a provider of a lobby with `@Extension(ChatModerator)`. See `docs/extending.md`.
 */
export abstract class ChatModerator {
  /** Decides about a message before other users see it. */
  abstract review(message: ReviewedMessage): ChatVerdict | Promise<ChatVerdict>;
}

/** The default moderator: passes every message unchanged. */
@Injectable()
export class PassingModerator extends ChatModerator {
  override review(): ChatVerdict {
    return 'pass';
  }
}

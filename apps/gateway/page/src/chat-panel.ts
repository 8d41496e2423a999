import type { ChatEntry, Session } from '#libs/client';
import { type Chat, openChat } from '#libs/client/chat';
import type { Toasts } from './toasts.js';

export type ChatPlace = { readonly to: 'room' } | { readonly to: 'lobby'; readonly game: string };

/** One chat on the page, with its messages and the number of unread messages. */
export class ChatPanel {
  isReady = false;
  unseen = 0;
  /** True while the player sees the newest messages. The panel then scrolls to each new message. */
  isAtEnd = true;
  isOpen: boolean;

  private readonly chat: Chat;

  constructor(
    private readonly session: Session,
    readonly place: ChatPlace,
    private readonly toasts: Toasts,
    private readonly changed: () => void,
    { isOpen }: { readonly isOpen: boolean },
  ) {
    this.isOpen = isOpen;
    this.chat = openChat(session, place);
    this.chat.on('ready', () => {
      this.isReady = true;
      this.unseen = 0;
      changed();
    });
    this.chat.on('message', (message) => this.received(message));
  }

  get messages(): readonly ChatEntry[] {
    return this.chat.messages;
  }

  isMine({ user }: ChatEntry): boolean {
    return user === this.session.user;
  }

  /** Sends a message. Returns false when the server refused it; a toast then shows the reason. */
  async send(text: string): Promise<boolean> {
    try {
      this.isAtEnd = true;
      await this.chat.send(text);
      return true;
    } catch (error) {
      this.toasts.failed(error);
      return false;
    }
  }

  show(isOpen: boolean): void {
    if (this.isOpen === isOpen) return;
    this.isOpen = isOpen;
    if (isOpen) this.unseen = 0;
    this.changed();
  }

  close(): void {
    this.chat.close();
  }

  private received(message: ChatEntry): void {
    if (!this.isOpen && this.isReady && !this.isMine(message)) this.unseen += 1;
    this.changed();
  }
}

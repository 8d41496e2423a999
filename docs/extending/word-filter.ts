import { Injectable } from '@nestjs/common';
import { ChatModerator, type ChatVerdict, type ReviewedMessage } from '#libs/chat';
import { Extension } from '#libs/extension';

/** Refuses links, and replaces digits so that nobody sends a phone number. */
@Injectable()
@Extension(ChatModerator)
export class WordFilter extends ChatModerator {
  override review({ text }: ReviewedMessage): ChatVerdict {
    if (/https?:/i.test(text)) return { refuse: 'Links are not allowed here.' };
    return /\d{5}/.test(text) ? { text: text.replace(/\d/g, '*') } : 'pass';
  }
}

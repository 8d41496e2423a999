import { ChatModerator, type ChatVerdict, Extension, type ReviewedMessage } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Refuses links, and replaces digits so that nobody sends a phone number. */
@Injectable()
@Extension(ChatModerator)
export class WordFilter extends ChatModerator {
  override review({ text }: ReviewedMessage): ChatVerdict {
    if (/https?:/i.test(text)) return { refuse: 'Links are not allowed here.' };
    return /\d{5}/.test(text) ? { text: text.replace(/\d/g, '*') } : 'pass';
  }
}

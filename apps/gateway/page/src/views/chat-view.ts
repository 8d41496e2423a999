import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ChatEntry } from '#libs/client';
import { CHAT_BYTES_MAX, CHAT_CHARACTERS_MAX } from '#libs/protocol';
import type { ChatPanel } from '../chat-panel.js';
import { textFlaw } from '../name-flaw.js';

/** A box with the messages of one chat. The player can open and close it. If `chat` is null, the box shows only `title` and `head`. */
export function chatView(chat: ChatPanel | null, title: string, head: TemplateResult | typeof nothing = nothing): TemplateResult {
  return html`<details class="card chat" .open=${chat?.isOpen ?? true} @toggle=${(event: Event) => chat?.show((event.target as HTMLDetailsElement).open)}>
    <summary>${title} ${chat && chat.unseen > 0 ? html`<span class="tag new">${chat.unseen} new</span>` : nothing}</summary>
    ${head} ${chat ? messages(chat) : nothing}
  </details>`;
}

function messages(chat: ChatPanel): TemplateResult {
  return html`<div class="chat-log" role="log" aria-label="Messages" tabindex="0" @scroll=${(event: Event) => noteEnd(chat, event.target as Element)}>
      ${
        chat.messages.length > 0
          ? html`<ol>
              ${repeat(
                chat.messages,
                ({ seq }) => seq,
                (message) => messageRow(chat, message),
              )}
            </ol>`
          : chat.isReady
            ? html`<p class="note">Nobody has written yet.</p>`
            : nothing
      }
    </div>
    <form class="chat-form" @submit=${(event: SubmitEvent) => submit(chat, event)}>
      <input
        name="message" class="grow" placeholder="Write a message" aria-label="Message" autocomplete="off" enterkeyhint="send"
        @input=${(event: Event) => showFlaw(event.target as HTMLInputElement)}
      />
      <button>Send</button>
    </form>`;
}

function messageRow(chat: ChatPanel, message: ChatEntry): TemplateResult {
  const time = new Date(message.time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return html`<li class="chat-message ${chat.isMine(message) ? 'mine' : ''}">
    <span class="chat-name">${message.name}</span> <time class="note">${time}</time>
    <span class="chat-text">${message.text}</span>
  </li>`;
}

async function submit(chat: ChatPanel, event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const input = (event.target as HTMLFormElement).elements.namedItem('message') as HTMLInputElement;
  const text = input.value.trim();
  if (text === '') return;
  input.value = '';
  // After a refusal, puts the text back into the field, unless the player has begun a new text.
  if (!(await chat.send(text)) && input.value === '') input.value = text;
}

function showFlaw(input: HTMLInputElement): void {
  input.setCustomValidity(textFlaw('The message', input.value, CHAT_CHARACTERS_MAX, CHAT_BYTES_MAX) ?? '');
}

/** Records in `chat` whether the player has scrolled to the newest messages. */
function noteEnd(chat: ChatPanel, log: Element): void {
  chat.isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
}

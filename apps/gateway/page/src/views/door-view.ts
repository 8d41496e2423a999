import { html, nothing, type TemplateResult } from 'lit-html';
import type { HoldfastError } from '#libs/client';
import type { App } from '../app.js';
import { roomInHash } from '../route.js';

/** Who are you? */
export function doorView(app: App, isConnecting: boolean): TemplateResult {
  const room = roomInHash(location.hash);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
    if (name !== '') void app.enter(name);
  };
  return html`<section class="door">
    <h1>Games that hold on.</h1>
    <p class="lead">Servers come and go. The game you play stays where you left it.</p>
    <form class="card" @submit=${submit}>
      ${room === null ? nothing : html`<p class="note">You were sent a link to a game.</p>`}
      <label for="name">Your name</label>
      <div class="row">
        <input id="name" name="name" class="grow" required maxlength="32" autocomplete="nickname" spellcheck="false" autofocus .defaultValue=${app.name} ?disabled=${isConnecting} />
        <button class="primary" ?disabled=${isConnecting}>${isConnecting ? 'Connecting…' : 'Play'}</button>
      </div>
    </form>
  </section>`;
}

/** The session has ended, and not by the player's wish. */
export function overView(app: App, { code, message }: HoldfastError): TemplateResult {
  return html`<section class="door">
    <h1>${code === 'replaced' ? 'You play elsewhere now.' : 'That was the connection.'}</h1>
    <p class="lead">${message}</p>
    <div class="row"><button class="primary" @click=${() => app.enter(app.name)}>Come back as ${app.name}</button></div>
  </section>`;
}

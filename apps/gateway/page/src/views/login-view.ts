import { html, nothing, type TemplateResult } from 'lit-html';
import type { HoldfastError } from '#libs/client';
import { textField } from '#libs/game-page';
import { PLAYER_NAME_CHARACTERS_MAX } from '#libs/protocol';
import type { App, Stage } from '../app.js';
import { nameFlaw } from '../name-flaw.js';
import { linkedRoom } from '../route.js';
import { focus } from './focus.js';

type LoginForm = Extract<Stage, { at: 'login' }>;

export function loginView(app: App, { isConnecting, problem }: LoginForm): TemplateResult {
  const room = linkedRoom(location.hash);
  if (app.wantsToken) return tokenView(app, isConnecting, problem);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
    if (name !== '') void app.enter(name);
  };
  return html`<section class="login">
    <h1>Games that hold on.</h1>
    <p class="lead">Servers come and go. The game you play stays where you left it.</p>
    <form class="card" @submit=${submit}>
      ${room === null ? nothing : html`<p class="note">This link leads to a game.</p>`}
      ${textField({
        name: 'name',
        label: 'Your name',
        value: app.name,
        autocomplete: 'nickname',
        isRequired: true,
        isDisabled: isConnecting,
        whenShown: focus,
        flawOf: (text) => nameFlaw('The name', text, PLAYER_NAME_CHARACTERS_MAX),
        end: html`<button class="primary" ?disabled=${isConnecting}>${isConnecting ? 'Connecting…' : 'Play'}</button>`,
      })}
    </form>
  </section>`;
}

function tokenView(app: App, isConnecting: boolean, problem: string | undefined): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = String(new FormData(event.target as HTMLFormElement).get('token') ?? '').trim();
    if (token !== '') void app.enterBy(token);
  };
  return html`<section class="login">
    <h1>Games that hold on.</h1>
    <p class="lead">You need a token to play on this server.</p>
    <form class="card" @submit=${submit}>
      ${problem === undefined ? nothing : html`<p class="note" role="alert">${problem} ${WHAT_TO_DO}</p>`}
      <label for="token">Your token</label>
      <div class="row">
        <input id="token" name="token" type="password" class="grow" required autocomplete="off" spellcheck="false" autofocus ?disabled=${isConnecting} />
        <button class="primary" ?disabled=${isConnecting}>${isConnecting ? 'Connecting…' : 'Play'}</button>
      </div>
      <p class="note">The operator of this server gives you a token. A link can contain it: this address, followed by #token=….</p>
    </form>
  </section>`;
}

const WHAT_TO_DO = 'Request a new token, or try again.';

/** The page after the session has ended without a request of the player. */
export function overView(app: App, { code, message }: HoldfastError): TemplateResult {
  return html`<section class="login">
    <h1>${code === 'replaced' ? 'You are now playing in another place.' : 'The connection is closed.'}</h1>
    <p class="lead">${message}</p>
    <div class="row"><button class="primary" @click=${() => app.enter()}>${app.name === '' ? 'Come back' : `Come back as ${app.name}`}</button></div>
  </section>`;
}

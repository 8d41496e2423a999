import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { App } from '../app.js';
import { lobbyView } from './lobby-view.js';
import { loginView, overView } from './login-view.js';
import { roomView } from './room-view.js';
import { offerView } from './search-view.js';

export function pageView(app: App): TemplateResult {
  return html`${header(app)} ${banner(app)}
    <main>${main(app)}</main>
    ${app.stage.at === 'inside' ? offerView(app.stage.search) : nothing}
    <div class="toasts" aria-live="polite">
      ${repeat(
        app.toasts.list,
        ({ id }) => id,
        ({ id, text, kind }) => html`<div class="toast ${kind}" role=${kind === 'error' ? 'alert' : 'status'}>
          <span>${text}</span><button class="quiet" aria-label="Dismiss" @click=${() => app.toasts.dismiss(id)}>×</button>
        </div>`,
      )}
    </div>`;
}

function main(app: App): TemplateResult {
  const { stage, screen } = app;
  switch (stage.at) {
    case 'login':
      return loginView(app, stage);
    case 'over':
      return overView(app, stage.error);
    case 'inside':
      return screen ? roomView(app, screen, stage.session, stage.search) : lobbyView(app, stage.session, stage.lobby, stage.search);
  }
}

function header(app: App): TemplateResult {
  const { stage, screen } = app;
  return html`<header class="bar">
    <span class="brand">${ANCHOR}<span>Holdfast</span></span>
    ${stage.at === 'inside' ? html`<span class="who" title="You play as ${stage.session.name}">${stage.session.name}</span>` : nothing}
    ${stage.at === 'inside' && !screen ? html`<button class="quiet" @click=${() => app.leaveSession()}>Change name</button>` : nothing}
  </header>`;
}

/**
 * The banner of the page: a message about a lost connection, a lost game server, or a game that continues. Empty: there is nothing to
 * report.
 */
function banner({ stage, screen }: App): TemplateResult {
  const lines = (() => {
    if (stage.at !== 'inside') return nothing;
    if (stage.session.status === 'reconnecting') return html`<p class="banner warn">${SPINNER} Connection lost. Reconnecting…</p>`;
    if (screen?.room.status === 'paused')
      return html`<p class="banner warn">${SPINNER} The game server was lost. Your game continues in a moment.</p>`;
    if (screen?.isResumed && screen.isOn) return html`<p class="banner good">The game continues from the last move.</p>`;
    return nothing;
  })();
  return html`<div class="banners" role="status">${lines}</div>`;
}

const ANCHOR = html`<svg class="anchor" viewBox="0 0 32 32" aria-hidden="true">
  <circle cx="16" cy="8.5" r="2.8" /><path d="M16 11.5V26M11 15.5h10M6.5 18c0 5 4.2 8 9.5 8s9.5-3 9.5-8" />
</svg>`;

const SPINNER = html`<span class="spinner" aria-hidden="true"></span>`;

import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { GameInfo, Session } from '#libs/client';
import type { App } from '../app.js';
import { gamePage, gameTitle } from '../game-pages.js';
import type { Lobby } from '../lobby.js';
import type { PlayerSearch } from '../player-search.js';
import { chatView } from './chat-view.js';
import { createForm } from './create-form.js';
import { roomListView } from './room-list-view.js';
import { searchView } from './search-view.js';

export function lobbyView(app: App, session: Session, lobby: Lobby, search: PlayerSearch): TemplateResult {
  return html`<div class="lobby">
    <section aria-label="Games" class="games">
      <h1>What shall we play?</h1>
      ${lobby.games.length === 0 ? html`<p class="note">${lobby.rooms === null ? 'One moment…' : 'No game server is available yet.'}</p>` : nothing}
      ${repeat(
        lobby.games,
        ({ name }) => name,
        (game) => gameCard(app, session, lobby, search, game),
      )}
    </section>
    <section aria-label="Rooms" class="rooms">
      <h2>Rooms</h2>
      ${roomListView(app, lobby)} ${lobbyChat(app, lobby)}
    </section>
  </div>`;
}

function gameCard(app: App, session: Session, lobby: Lobby, search: PlayerSearch, game: GameInfo): TemplateResult {
  const part = gamePage(game.name);
  const title = gameTitle(game.name);
  return html`<article class="card game" aria-label=${title}>
    <div class="game-head">
      <span class="game-icon">${part?.icon ?? html`<span aria-hidden="true">${title[0]}</span>`}</span>
      <div><h2>${title}</h2><p class="note">${part?.about ?? `For ${playersText(game)}.`}</p></div>
    </div>
    ${
      search.current?.game === game.name
        ? searchView(search, search.current)
        : lobby.creating === game.name
          ? createForm(app, session, lobby, game)
          : gameActions(lobby, search, game, title)
    }
  </article>`;
}

function gameActions(lobby: Lobby, search: PlayerSearch, game: GameInfo, title: string): TemplateResult {
  const isSearching = search.current !== null;
  const modes = Object.keys(game.match?.modes ?? {});
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const mode = String(new FormData(event.target as HTMLFormElement).get('mode') ?? '');
    void search.find(game.name, mode === '' ? {} : { mode });
  };
  return html`<form class="row" @submit=${submit}>
    ${
      modes.length === 0
        ? nothing
        : html`<select name="mode" aria-label="Mode: ${title}">
            <option value="">Any mode</option>
            ${modes.map((mode) => html`<option value=${mode}>${gameTitle(mode)}</option>`)}
          </select>`
    }
    <button class="primary" ?disabled=${isSearching} aria-label="Quick match: ${title}">Quick match</button>
    <button type="button" ?disabled=${isSearching} aria-label="Create a room: ${title}" @click=${() => lobby.create(game.name)}>Create a room</button>
  </form>`;
}

function lobbyChat(app: App, lobby: Lobby): TemplateResult | typeof nothing {
  if (lobby.games.length === 0) return nothing;
  const place = app.chat?.place;
  const chosen = place?.to === 'lobby' ? place.game : '';
  const choose = (event: Event): void => app.chooseLobbyChat((event.target as HTMLSelectElement).value || null);
  const head = html`<select aria-label="Chat of the game" @change=${choose}>
    <option value="" ?selected=${chosen === ''}>Choose a game to chat about</option>
    ${lobby.games.map(({ name }) => html`<option value=${name} ?selected=${chosen === name}>${gameTitle(name)}</option>`)}
  </select>`;
  return chatView(chosen === '' ? null : app.chat, 'Chat', head);
}

function playersText({ seats: { min, max } }: GameInfo): string {
  return min === max ? `${max} ${max === 1 ? 'player' : 'players'}` : `${min} to ${max} players`;
}

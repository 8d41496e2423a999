import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { RoomSummary } from '#libs/client';
import type { App } from '../app.js';
import { gamePage, gameTitle } from '../game-pages.js';
import { entryOf, filterFields, isFiltered, SORTS, type SortName } from '../list-filter.js';
import type { Lobby } from '../lobby.js';
import { optionsText, optionText } from '../options-form.js';

/** The list of public rooms, with its filter and a field for an invite code. */
export function roomListView(app: App, lobby: Lobby): TemplateResult {
  return html`${codeForm(app)} ${filterBar(lobby)} ${list(app, lobby)}`;
}

function codeForm(app: App): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const code = String(new FormData(event.target as HTMLFormElement).get('code') ?? '').trim();
    if (code !== '') void app.goTo({ code }, 'join');
  };
  return html`<form class="row code-form" @submit=${submit}>
    <input name="code" class="grow" maxlength="64" placeholder="Invite code" aria-label="Invite code" autocomplete="off" autocapitalize="characters" spellcheck="false" />
    <button>Join by code</button>
  </form>`;
}

function filterBar(lobby: Lobby): TemplateResult {
  const { filter, games } = lobby;
  const fields = filterFields(filter.game === null ? undefined : lobby.game(filter.game));
  return html`<div class="filters" role="group" aria-label="Filter of the rooms">
    <select aria-label="Game" @change=${(event: Event) => lobby.choose({ game: (event.target as HTMLSelectElement).value || null })}>
      <option value="" ?selected=${filter.game === null}>All games</option>
      ${games.map(({ name }) => html`<option value=${name} ?selected=${filter.game === name}>${gameTitle(name)}</option>`)}
    </select>
    <select aria-label="Order" @change=${(event: Event) => lobby.choose({ sort: (event.target as HTMLSelectElement).value as SortName })}>
      ${Object.entries(SORTS).map(([name, text]) => html`<option value=${name} ?selected=${filter.sort === name}>${text}</option>`)}
    </select>
    ${fields.map((field) => {
      const choices = field.kind === 'choice' ? field.choices : [true, false];
      const choose = (event: Event): void => {
        const { value } = event.target as HTMLSelectElement;
        const { [field.name]: _, ...others } = filter.options;
        lobby.choose({ options: value === '' ? others : { ...others, [field.name]: choices[Number(value)]! } });
      };
      return html`<select aria-label=${field.label} @change=${choose}>
        <option value="" ?selected=${filter.options[field.name] === undefined}>${field.label}: any</option>
        ${choices.map((choice, index) => html`<option value=${index} ?selected=${filter.options[field.name] === choice}>${field.label}: ${optionText(choice)}</option>`)}
      </select>`;
    })}
    <label class="check"><input type="checkbox" .checked=${filter.isFree} @change=${(event: Event) => lobby.choose({ isFree: isChecked(event) })} /> Free seats</label>
    <label class="check"><input type="checkbox" .checked=${filter.isOpen} @change=${(event: Event) => lobby.choose({ isOpen: isChecked(event) })} /> Without a password</label>
  </div>`;
}

function isChecked(event: Event): boolean {
  return (event.target as HTMLInputElement).checked;
}

function list(app: App, lobby: Lobby): TemplateResult {
  const { rooms } = lobby;
  if (rooms === null) return html`<p class="note">Looking around…</p>`;
  if (rooms.length === 0) {
    return isFiltered(lobby.filter)
      ? html`<p class="empty">No room matches the filter.</p>`
      : html`<p class="empty">There are no open rooms. Create one, and other players see it here.</p>`;
  }
  return html`<ul class="room-list">
    ${repeat(
      rooms,
      ({ id }) => id,
      (room) => roomRow(app, lobby, room),
    )}
  </ul>`;
}

function roomRow(app: App, lobby: Lobby, room: RoomSummary): TemplateResult {
  const { id, game, name, status, players, seats, options } = room;
  const title = name || 'A room';
  const entry = entryOf(room, lobby.isJoinable(game));
  const about = options && (gamePage(game)?.options?.describe(options) ?? optionsText(lobby.game(game)?.options, options));
  return html`<li class="room-row">
    <span class="game-icon small" title=${gameTitle(game)}>${gamePage(game)?.icon ?? html`<span aria-hidden="true">${gameTitle(game)[0]}</span>`}</span>
    <span class="room-name">${title}<span class="note">${gameTitle(game)} · ${players} of ${seats} · ${status}</span>
      ${about ? html`<span class="note">${about}</span>` : nothing}
      ${room.password || room.locked ? html`<span class="tags">${room.password ? html`<span class="tag">password</span>` : nothing} ${room.locked ? html`<span class="tag">locked</span>` : nothing}</span>` : nothing}
    </span>
    ${entry === 'join' ? html`<button class="primary" aria-label="Join ${title}" @click=${() => app.goTo({ room: id }, 'join')}>Join</button>` : nothing}
    ${entry === 'watch' ? html`<button aria-label="Watch ${title}" @click=${() => app.goTo({ room: id }, 'watch')}>Watch</button>` : nothing}
  </li>`;
}

import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { GameInfo, RoomSummary, Session } from '#libs/client';
import { textField } from '#libs/game-page';
import { ROOM_NAME_CHARACTERS_MAX } from '#libs/protocol';
import type { App } from '../app.js';
import { gamePage, gameTitle } from '../game-pages.js';
import type { Lobby } from '../lobby.js';
import { nameFlaw } from '../name-flaw.js';

export function lobbyView(app: App, session: Session, lobby: Lobby): TemplateResult {
  return html`<div class="lobby">
    <section aria-label="Games" class="games">
      <h1>What shall we play?</h1>
      ${lobby.games.length === 0 ? html`<p class="note">${lobby.rooms === null ? 'One moment…' : 'No game server is available yet.'}</p>` : nothing}
      ${repeat(
        lobby.games,
        ({ name }) => name,
        (game) => gameCard(app, session, lobby, game),
      )}
    </section>
    <section aria-label="Rooms" class="rooms">
      <h2>Rooms</h2>
      ${roomList(app, lobby)}
    </section>
  </div>`;
}

function gameCard(app: App, session: Session, lobby: Lobby, game: GameInfo): TemplateResult {
  const part = gamePage(game.name);
  const title = gameTitle(game.name);
  const { search } = lobby;
  return html`<article class="card game" aria-label=${title}>
    <div class="game-head">
      <span class="game-icon">${part?.icon ?? nothing}</span>
      <div><h2>${title}</h2><p class="note">${part?.about ?? `For ${playersText(game)}.`}</p></div>
    </div>
    ${
      search?.game === game.name
        ? searching(lobby, search.since)
        : lobby.creating === game.name
          ? createForm(app, session, lobby, game)
          : html`<div class="row">
            <button class="primary" ?disabled=${search !== null} aria-label="Quick match: ${title}" @click=${() => lobby.find(game.name)}>Quick match</button>
            <button ?disabled=${search !== null} aria-label="Create a room: ${title}" @click=${() => lobby.create(game.name)}>Create a room</button>
          </div>`
    }
  </article>`;
}

function searching(lobby: Lobby, since: number): TemplateResult {
  const seconds = Math.floor((performance.now() - since) / 1_000);
  return html`<div class="row searching">
    <span class="spinner" aria-hidden="true"></span>
    <span class="grow"><span role="status">Searching for an opponent…</span> <span class="time">${seconds} s</span></span>
    <button @click=${() => lobby.cancel()}>Cancel</button>
  </div>`;
}

function createForm(app: App, session: Session, lobby: Lobby, { name: game, seats }: GameInfo): TemplateResult {
  const part = gamePage(game)?.options;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const name = String(form.get('room-name') ?? '').trim();
    const wanted = form.get('seats');
    const options = part?.read(form);
    void app.create({
      game,
      private: form.has('private'),
      ...(name !== '' && { name }),
      ...(wanted !== null && { seats: Number(wanted) }),
      ...(options && { options }),
    });
  };
  return html`<form class="create" @submit=${submit}>
    ${textField({
      name: 'room-name',
      label: 'Name of the room',
      placeholder: `${session.name}'s room`,
      whenShown: focus,
      flawOf: (text) => nameFlaw('The name', text, ROOM_NAME_CHARACTERS_MAX),
    })}
    ${
      seats.min === seats.max
        ? nothing
        : html`<label>Players<input name="seats" type="number" min=${seats.min} max=${seats.max} .defaultValue=${String(seats.max)} /></label>`
    }
    <label class="check"><input type="checkbox" name="private" /> Private: only people with the link can find it</label>
    ${part?.fields ?? nothing}
    <div class="row">
      <button class="primary">Create</button>
      <button type="button" @click=${() => lobby.create(null)}>Cancel</button>
    </div>
  </form>`;
}

/** Moves the focus to an element. It is one shared function, because lit would call a new function again at each draw. */
function focus(element: Element | undefined): void {
  (element as HTMLElement | undefined)?.focus();
}

function roomList(app: App, lobby: Lobby): TemplateResult {
  const { rooms } = lobby;
  if (rooms === null) return html`<p class="note">Looking around…</p>`;
  if (rooms.length === 0) return html`<p class="empty">There are no open rooms. Create one, and other players see it here.</p>`;
  return html`<ul class="room-list">
    ${repeat(
      rooms,
      ({ id }) => id,
      (room) => roomRow(app, lobby, room),
    )}
  </ul>`;
}

function roomRow(app: App, lobby: Lobby, { id, game, name, status, players, seats }: RoomSummary): TemplateResult {
  const isOpen = players < seats && (status === 'waiting' || (status === 'playing' && lobby.isJoinable(game)));
  const title = name || 'A room';
  return html`<li class="room-row">
    <span class="game-icon small" title=${gameTitle(game)}>${gamePage(game)?.icon ?? nothing}</span>
    <span class="room-name">${title}<span class="note">${gameTitle(game)} · ${players} of ${seats} · ${STATUS[status]}</span></span>
    ${
      isOpen
        ? html`<button class="primary" aria-label="Join ${title}" @click=${() => app.goTo(id, 'join')}>Join</button>`
        : html`<button aria-label="Watch ${title}" @click=${() => app.goTo(id, 'watch')}>Watch</button>`
    }
  </li>`;
}

const STATUS: Readonly<Record<RoomSummary['status'], string>> = {
  waiting: 'waiting',
  starting: 'starting',
  playing: 'playing',
  closed: 'closed',
};

function playersText({ seats: { min, max } }: GameInfo): string {
  return min === max ? `${max} ${max === 1 ? 'player' : 'players'}` : `${min} to ${max} players`;
}

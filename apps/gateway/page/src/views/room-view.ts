import { html, nothing, type TemplateResult } from 'lit-html';
import type { GameInfo, GameResult, RoomMember, Session } from '#libs/client';
import type { App } from '../app.js';
import { gameTitle } from '../game-pages.js';
import { optionsText } from '../options-form.js';
import type { PlayerSearch } from '../player-search.js';
import { readinessOf } from '../readiness.js';
import type { RoomScreen } from '../room-screen.js';
import { chatView } from './chat-view.js';
import { hostSettings } from './host-settings.js';
import { memberList } from './member-list.js';
import { searchView } from './search-view.js';

export function roomView(app: App, screen: RoomScreen, session: Session, search: PlayerSearch): TemplateResult {
  const { view, state, status } = screen.room;
  const hasBoard = state !== undefined;
  return html`<div class="room ${hasBoard ? 'in-game' : ''} ${app.chat ? 'with-chat' : ''}">
    <div class="room-head">
      <button class="quiet" @click=${() => app.leaveRoom()}>← Leave</button>
      <div class="room-title"><h1>${view.name || 'A room'}</h1><span class="note">${gameTitle(view.game)}</span></div>
      <button class="link" aria-label="Copy link" @click=${() => app.copyLink()}>${LINK}<span>Copy link</span></button>
    </div>
    <div class="room-status">
      <p class="status ${screen.isMyTurn ? 'mine' : ''}" role="status" data-testid="status">${statusLine(screen)}</p>
      ${status === 'ended' ? nextGame(app, screen) : nothing}
    </div>
    ${hasBoard ? (screen.page ? screen.board : stateView(state)) : nothing}
    ${(screen.operatorNote?.length ?? 0) > SHORT_NOTE_CHARACTERS ? html`<p class="operator-note">${screen.operatorNote}</p>` : nothing}
    ${status === 'waiting' || (status === 'starting' && !hasBoard) ? lobbyPart(app, screen, session, search) : hasBoard ? people(screen, session) : nothing}
    ${app.chat?.place.to === 'room' ? chatView(app.chat, 'Chat') : nothing}
  </div>`;
}

/** The part of the page before and after a game: the members and the actions of the player. */
function lobbyPart(app: App, screen: RoomScreen, session: Session, search: PlayerSearch): TemplateResult {
  const { view } = screen.room;
  return html`<section class="card room-card" aria-label="Room">
    ${memberList(screen, session.user)} ${view.options ? html`<p class="note">${describeOptions(app, screen)}</p>` : nothing}
    ${view.startFailure ? html`<p class="flaw">The game did not start: ${view.startFailure.message}</p>` : nothing}
    ${search.current ? searchView(search, search.current, 'Searching for opponents…') : actions(app, screen)}
    ${search.current ? nothing : partySearch(app, screen, search)} ${invitation(app, screen)}
  </section>
  ${screen.isHost ? hostSettings(app, screen) : nothing}`;
}

/** The actions between two games. They appear when the status of the room is `waiting`, after the lobby has stored the end of the game. */
function nextGame(app: App, screen: RoomScreen): TemplateResult {
  return html`<div class="next-game">${screen.room.view.status === 'waiting' ? actions(app, screen) : nothing}</div>`;
}

/** The members during a game, with the menus of the host. */
function people(screen: RoomScreen, session: Session): TemplateResult {
  return html`<details class="card people">
    <summary>People in the room</summary>
    ${memberList(screen, session.user)}
  </details>`;
}

function describeOptions(app: App, { room, page }: RoomScreen): string {
  const { view } = room;
  const schema = app.stage.at === 'inside' ? app.stage.lobby.game(view.game)?.options : undefined;
  return page?.options?.describe(view.options ?? {}) ?? optionsText(schema, view.options ?? {});
}

/** The form with which the host starts a search for a match. All members of the room take part in this search as one party. */
function partySearch(app: App, screen: RoomScreen, search: PlayerSearch): TemplateResult | typeof nothing {
  const { view } = screen.room;
  if (!screen.isHost || view.status !== 'waiting' || app.stage.at !== 'inside') return nothing;
  const game = app.stage.lobby.game(view.game);
  const modes = Object.keys(game?.match?.modes ?? {});
  if (view.members.length >= partyMax(game)) return nothing;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const mode = String(new FormData(event.target as HTMLFormElement).get('mode') ?? '');
    void search.find(view.game, { party: true, ...(mode !== '' && { mode }) });
  };
  const isAlone = view.members.length === 1;
  return html`<form class="row party" @submit=${submit}>
    ${
      modes.length === 0
        ? nothing
        : html`<select name="mode" aria-label="Mode">
            <option value="">Any mode</option>
            ${modes.map((mode) => html`<option value=${mode}>${gameTitle(mode)}</option>`)}
          </select>`
    }
    <button>Find opponents</button>
    <span class="note grow">${isAlone ? 'Players who join first search with you.' : 'All players in this room search together.'}</span>
  </form>`;
}

/**
 * Returns the number of players of the largest match of the game. A party of this size fills the match, so it cannot search for other
 * players.
 */
function partyMax(game: GameInfo | undefined): number {
  if (!game) return Number.POSITIVE_INFINITY;
  const all = game.match ? [game.match, ...Object.values(game.match.modes ?? {})] : [game];
  return Math.max(...all.map(({ seats }) => seats.max));
}

/** The invite code of the room, with a button that copies it. */
function invitation(app: App, { room }: RoomScreen): TemplateResult | typeof nothing {
  const { code } = room.view;
  if (code === undefined) return nothing;
  return html`<div class="row invite">
    <span class="note">Invite code</span> <code class="code">${code}</code>
    <button @click=${() => app.copyCode(code)}>Copy code</button>
  </div>`;
}

function actions(app: App, screen: RoomScreen): TemplateResult {
  const { room, isBusy, member } = screen;
  const { view } = room;
  if (view.status === 'starting' || view.status === 'playing') {
    return html`<p class="note row"><span class="spinner" aria-hidden="true"></span> The game is starting…</p>`;
  }
  if (!member) {
    const isFree = view.members.length < view.seats;
    return html`<div class="row">
      <span class="note grow">You are watching.</span>
      ${isFree ? html`<button class="primary" @click=${() => app.goTo({ room: room.id }, 'join')}>Take the free seat</button>` : nothing}
    </div>`;
  }
  const hasPlayed = screen.lastResult !== null;
  return html`<div class="row">
    ${
      member.ready
        ? html`<button ?disabled=${isBusy} @click=${() => screen.ready(false)}>I am not ready</button>`
        : html`<button class="primary" ?disabled=${isBusy} @click=${() => screen.ready(true)}>${hasPlayed ? 'Play again' : "I'm ready"}</button>`
    }
    ${hasPlayed ? html`<button @click=${() => app.leaveRoom()}>Back to the lobby</button>` : nothing}
    <span class="note grow">${waitingFor(app, screen, member)}</span>
  </div>`;
}

function waitingFor(app: App, { room }: RoomScreen, me: RoomMember): string {
  const seatsMin = app.stage.at === 'inside' ? app.stage.lobby.seatsMin(room.game) : 2;
  const readiness = readinessOf(room.view, seatsMin);
  switch (readiness.kind) {
    case 'too-few':
      return 'Send the link to another player.';
    case 'unready': {
      const others = readiness.who.filter(({ user }) => user !== me.user).map(({ name }) => name);
      if (me.ready) return `Waiting for ${others.join(' and ')}.`;
      return others.length === 0 ? 'All the others are ready.' : '';
    }
    case 'ready':
      return 'Everyone is ready.';
  }
}

/** The state of the game in one sentence. Screen readers announce it when it changes. */
function statusLine(screen: RoomScreen): string {
  const { room, lastResult, turn, isWatching } = screen;
  if (screen.isPaused) return 'The game is paused.';
  if (screen.isOn) {
    if (room.state === undefined) return 'The game is starting…';
    if (turn === undefined || turn === null) return 'The game is running.';
    if (screen.isMyTurn) return 'Your turn';
    return `${screen.nameOf(turn)}'s turn${isWatching && room.seat === null ? ' · you are watching' : ''}`;
  }
  if (room.status === 'starting') return 'The game is starting…';
  if (lastResult) return resultLine(screen, lastResult);
  return room.view.members.length < room.view.seats ? 'Waiting for players' : 'Ready?';
}

function resultLine(screen: RoomScreen, result: GameResult): string {
  if (screen.operatorNote !== null) return `An operator ended the game: ${screen.operatorNote}`;
  const outcome = screen.outcome(result);
  if (!outcome) return ENDED[result.reason];
  const { winner, how } = outcome;
  if (winner === null) return `A draw: ${how}.`;
  // After a reload at the end of a game, the page has no state and `room.seat` is unknown. So the page reads this player's seat from the
  // member list.
  const mySeat = screen.room.state === undefined ? screen.member?.seat : screen.room.seat;
  return winner === mySeat ? `You win: ${how}.` : `${screen.nameOf(winner)} wins: ${how}.`;
}

/**
 * Maximum length of a note in the status line, in characters. A note of this length fits into two lines. A longer note is also shown below
 * the board.
 */
const SHORT_NOTE_CHARACTERS = 50;

const ENDED: Readonly<Record<GameResult['reason'], string>> = {
  finished: 'The game is over.',
  'server-lost': 'The game was lost together with its server.',
  abandoned: 'The game was abandoned.',
  operator: 'An operator ended the game.',
  'game-failed': 'The game failed and cannot continue.',
  orphaned: 'The game was lost.',
  unreadable: 'The game was lost.',
};

const LINK = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <path d="M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12.5 5.8M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.1-1.1" />
</svg>`;

/** Shows the state of a game as JSON, because this page has no code for the game. */
function stateView(state: unknown): TemplateResult {
  return html`<section class="card">
    <p class="note">This page has no board for this game. The state is:</p>
    <pre tabindex="0">${JSON.stringify(state, null, 2)}</pre>
  </section>`;
}

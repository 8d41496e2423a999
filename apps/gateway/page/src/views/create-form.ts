import { html, nothing, type TemplateResult } from 'lit-html';
import type { CreateRoom, GameInfo, Session } from '#libs/client';
import { textField } from '#libs/game-page';
import { PASSWORD_BYTES_MAX, ROOM_NAME_CHARACTERS_MAX, WATCH_DELAY_MS_MAX, type WatchPolicy } from '#libs/protocol';
import type { App } from '../app.js';
import { gamePage } from '../game-pages.js';
import type { Lobby } from '../lobby.js';
import { nameFlaw } from '../name-flaw.js';
import { optionFields, readOptions } from '../options-form.js';
import { focus } from './focus.js';
import { optionInputs } from './option-inputs.js';

export function createForm(app: App, session: Session, lobby: Lobby, game: GameInfo): TemplateResult {
  const { name, seats } = game;
  const part = gamePage(name)?.options;
  const fields = part ? [] : optionFields(game.options);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const options = part ? part.read(form) : fields.length > 0 ? readOptions(fields, form) : undefined;
    void app.create({ game: name, ...roomSettings(form), ...teamsIn(form, seats.max), ...(options && { options }) });
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
    ${part?.fields ?? optionInputs(fields)}
    <details class="more">
      <summary>Who may join and watch${hasTeams(game) ? ', and teams' : ''}</summary>
      <div class="fields">
        ${passwordField('Password')} ${watchField('anyone')}
        <label>Spectators see the game later, by seconds
          <input name="watch-delay" type="number" min="0" max=${WATCH_DELAY_MS_MAX / 1_000} .defaultValue=${'0'} />
        </label>
        ${hasTeams(game) ? teamsField(seats.max) : nothing}
        <label class="check"><input type="checkbox" name="spectator-chat" /> Spectators may read and write the chat</label>
      </div>
    </details>
    <div class="row">
      <button class="primary">Create</button>
      <button type="button" @click=${() => lobby.create(null)}>Cancel</button>
    </div>
  </form>`;
}

/**
 * Returns whether the player may divide the room into teams: the rules of the game define no teams, and the game has seats for two teams of
 * two players.
 */
function hasTeams({ seats, teams }: GameInfo): boolean {
  return seats.max >= 4 && teams === undefined;
}

function teamsField(seatsMax: number): TemplateResult {
  const counts = [2, 3, 4].filter((count) => count * 2 <= seatsMax);
  return html`<label>Teams
    <select name="teams">
      <option value="">No teams</option>
      ${counts.map((count) => html`<option value=${count}>${count} teams</option>`)}
    </select>
  </label>`;
}

/**
 * Returns the number of teams that the player chose, and the size of each team. Together, the teams have at least one place for each seat.
 */
function teamsIn(form: FormData, seatsMax: number): Pick<CreateRoom, 'teams'> {
  const count = Number(form.get('teams') ?? 0);
  const seats = Number(form.get('seats') ?? seatsMax);
  return count > 0 ? { teams: { count, size: Math.ceil(seats / count) } } : {};
}

export function passwordField(label: string): TemplateResult {
  return html`<label>${label}<input name="password" type="text" maxlength=${PASSWORD_BYTES_MAX} autocomplete="off" spellcheck="false" /></label>`;
}

export function watchField(chosen: WatchPolicy): TemplateResult {
  return html`<label>Who may watch
    <select name="watch">
      ${Object.entries(WATCH_TEXTS).map(([policy, text]) => html`<option value=${policy} ?selected=${policy === chosen}>${text}</option>`)}
    </select>
  </label>`;
}

const WATCH_TEXTS: Readonly<Record<WatchPolicy, string>> = {
  anyone: 'Everybody',
  members: 'People with the invite code',
  nobody: 'Nobody',
};

function roomSettings(form: FormData): Omit<CreateRoom, 'game'> {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  const watch = text('watch') as WatchPolicy;
  const delayMs = Number(text('watch-delay')) * 1_000;
  return {
    private: form.has('private'),
    ...(text('room-name') !== '' && { name: text('room-name') }),
    ...(form.get('seats') !== null && { seats: Number(form.get('seats')) }),
    ...(text('password') !== '' && { password: text('password') }),
    ...(watch !== 'anyone' && { watch }),
    ...(delayMs > 0 && watch !== 'nobody' && { watchDelayMs: delayMs }),
    ...(form.has('spectator-chat') && { spectatorChat: true }),
  };
}

import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { textField } from '#libs/game-page';
import { ROOM_NAME_CHARACTERS_MAX, type WatchPolicy } from '#libs/protocol';
import type { App } from '../app.js';
import { nameFlaw } from '../name-flaw.js';
import { optionFields, readOptions } from '../options-form.js';
import type { RoomScreen } from '../room-screen.js';
import { passwordField, watchField } from './create-form.js';
import { optionInputs } from './option-inputs.js';

export function hostSettings(app: App, screen: RoomScreen): TemplateResult {
  const { view } = screen.room;
  const { controls, isBusy } = screen;
  const schema = app.stage.at === 'inside' ? app.stage.lobby.game(view.game)?.options : undefined;
  const fields = screen.page?.options ? [] : optionFields(schema, view.options);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const name = String(form.get('room-name') ?? '').trim();
    const password = String(form.get('password') ?? '').trim();
    const removed = form.has('no-password') ? { password: null } : {};
    void screen.busy(async () => {
      await controls.update({
        ...(name !== '' && { name }),
        private: form.has('private'),
        inviteOnly: form.has('invite-only'),
        locked: form.has('locked'),
        watch: String(form.get('watch')) as WatchPolicy,
        spectatorChat: form.has('spectator-chat'),
        ...(password === '' ? removed : { password }),
        ...(fields.length > 0 && { options: readOptions(fields, form) }),
      });
      app.toasts.note('The settings are saved.');
    });
  };
  return html`<details class="card settings">
    <summary>Settings of the room</summary>
    <form class="create" @submit=${submit}>
      ${textField({
        name: 'room-name',
        label: 'Name of the room',
        value: view.name,
        flawOf: (text) => nameFlaw('The name', text, ROOM_NAME_CHARACTERS_MAX),
      })}
      ${check('private', 'Private: only people with the link can find it', view.private)}
      ${check('invite-only', 'Players join only with the invite code', view.inviteOnly)}
      ${check('locked', 'Locked: nobody may join', view.locked)} ${passwordField(view.password ? 'New password' : 'Password')}
      ${view.password ? check('no-password', 'Remove the password', false) : nothing} ${watchField(view.watch ?? 'anyone')}
      ${check('spectator-chat', 'Spectators may read and write the chat', view.spectatorChat)} ${optionInputs(fields)}
      <div class="row"><button class="primary" ?disabled=${isBusy}>Save</button></div>
    </form>
    ${bans(screen)}
  </details>`;
}

function check(name: string, label: string, isChecked: boolean | undefined): TemplateResult {
  return html`<label class="check"><input type="checkbox" name=${name} .defaultChecked=${isChecked ?? false} /> ${label}</label>`;
}

function bans(screen: RoomScreen): TemplateResult | typeof nothing {
  const { banned = [] } = screen.room.view;
  if (banned.length === 0) return nothing;
  return html`<h2>Banned players</h2>
    <ul class="members">
      ${repeat(
        banned,
        ({ user }) => user,
        ({ user, name }) => html`<li class="member">
          <span class="member-name grow">${name ?? 'A player'}</span>
          <button aria-label="Lift the ban of ${name ?? 'a player'}" @click=${() => screen.busy(() => screen.controls.unban(user))}>Lift the ban</button>
        </li>`,
      )}
    </ul>`;
}

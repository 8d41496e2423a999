import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { RoomMember } from '#libs/client';
import { ask } from '../ask.js';
import type { RoomScreen } from '../room-screen.js';

/** The members of the room, grouped by team if the room has teams. The host sees a menu beside each other member. */
export function memberList(screen: RoomScreen, me: string): TemplateResult {
  const { teams, members, seats, status } = screen.room.view;
  if (!teams) {
    const free = status === 'waiting' ? Math.max(0, seats - members.length) : 0;
    return html`<ul class="members">${rows(screen, members, me)} ${freeSeats(free)}</ul>`;
  }
  const { isHost, isBusy, member } = screen;
  const isWaiting = status === 'waiting';
  return html`${Array.from({ length: teams.count }, (_, team) => {
    const own = members.filter((each) => each.team === team);
    const isOther = isWaiting && member !== undefined && member.team !== team && own.length < teams.size;
    return html`<section class="team" aria-label="Team ${team + 1}">
      <div class="row">
        <h2 class="grow">Team ${team + 1} <span class="note">${own.length} of ${teams.size}</span></h2>
        ${isOther ? html`<button ?disabled=${isBusy} @click=${() => screen.busy(() => screen.controls.joinTeam(team))}>Join team ${team + 1}</button>` : nothing}
      </div>
      <ul class="members">${rows(screen, own, me)}</ul>
    </section>`;
  })}
  ${isHost && isWaiting ? html`<div class="row"><button ?disabled=${isBusy} @click=${() => screen.busy(() => screen.controls.balanceTeams())}>Balance the teams</button></div>` : nothing}`;
}

function rows(screen: RoomScreen, members: readonly RoomMember[], me: string): unknown {
  return repeat(
    members,
    ({ user }) => user,
    (member) => memberRow(screen, member, me),
  );
}

function freeSeats(count: number): TemplateResult[] {
  return Array.from(
    { length: count },
    () => html`<li class="member free"><span class="avatar" aria-hidden="true"></span><span class="note">A free seat</span></li>`,
  );
}

function memberRow(screen: RoomScreen, member: RoomMember, me: string): TemplateResult {
  const { user, name, seat, ready, here } = member;
  const { view } = screen.room;
  return html`<li class="member seat-${seat}">
    <span class="avatar" aria-hidden="true">${[...name][0]?.toUpperCase() ?? '?'}</span>
    <span class="member-name">${name}</span>
    ${user === me ? html`<span class="tag">you</span>` : nothing} ${user === view.owner ? html`<span class="tag">host</span>` : nothing}
    ${here ? nothing : html`<span class="tag warn">away</span>`}
    ${view.status === 'waiting' ? html`<span class="ready ${ready ? 'yes' : ''}">${ready ? 'ready' : 'not ready'}</span>` : nothing}
    ${screen.isHost && user !== me ? hostMenu(screen, member) : nothing}
  </li>`;
}

/** The buttons with which the host acts on one member. */
function hostMenu(screen: RoomScreen, { user, name }: RoomMember): TemplateResult {
  const { controls } = screen;
  const act = (event: Event, work: () => Promise<unknown>): void => {
    (event.target as Element).closest('details')?.removeAttribute('open');
    void screen.busy(work);
  };
  const remove = async (ban: boolean): Promise<void> => {
    const question = ban ? `Ban ${name}?` : `Remove ${name}?`;
    const details = ban
      ? `${name} leaves the room and cannot join it again, until you lift the ban.`
      : `${name} leaves the room, and can join it again.`;
    if (await ask(question, details, ban ? 'Ban' : 'Remove', 'Cancel')) await controls.kick(user, { ban });
  };
  return html`<details class="menu" @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary aria-label="Actions for ${name}">⋯</summary>
    <div class="menu-items">
      <button @click=${(event: Event) => act(event, () => controls.handOver(user))}>Make host</button>
      <button @click=${(event: Event) => act(event, () => screen.mute(user, true))}>Mute in the chat</button>
      <button @click=${(event: Event) => act(event, () => screen.mute(user, false))}>Allow to write</button>
      <button @click=${(event: Event) => act(event, () => remove(false))}>Remove</button>
      <button @click=${(event: Event) => act(event, () => remove(true))}>Ban</button>
    </div>
  </details>`;
}

function closeWhenLeft(event: FocusEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (!(event.relatedTarget instanceof Node) || !menu.contains(event.relatedTarget)) menu.open = false;
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return;
  const menu = event.currentTarget as HTMLDetailsElement;
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

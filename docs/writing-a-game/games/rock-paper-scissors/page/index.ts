import { html, nothing, render } from 'lit-html';
import type { GamePage } from '#libs/game-page';
import type { Hand, RockPaperScissors } from '../src/rock-paper-scissors.js';

const HANDS: readonly Hand[] = ['rock', 'paper', 'scissors'];

export const page: GamePage<RockPaperScissors> = {
  name: 'rock-paper-scissors',
  title: 'Rock, paper, scissors',
  about: 'First to two wins.',
  icon: html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true"><circle cx="12" cy="12" r="8" /></svg>`,
  refusals: { 'shown-already': 'You have shown your hand in this round.' },
  turnOf: () => null,
  outcome: (result) => ({ winner: (result as { winner: number | null }).winner, how: 'best of the rounds' }),
  mount(root, room, table) {
    const show = (hand: Hand) => room.send('show', { hand }).catch((error) => table.failed(error));
    const update = (): void => {
      const { state, seat } = room;
      if (!state) return;
      const shown = seat === null ? null : state.hands[seat];
      const hands = HANDS.map((hand) => html`<button ?disabled=${shown !== null} @click=${() => show(hand)}>${hand}</button>`);
      render(html`<p>Round ${state.round}: ${state.wins.join(' to ')}</p>${seat === null ? nothing : hands}`, root);
    };
    update();
    return { update, destroy: () => render(nothing, root) };
  },
};

import './arena.css';
import { html } from 'lit-html';
import type { GamePage } from '#libs/game-page';
import type { Arena, ArenaResult } from '../src/arena.js';
import { ArenaView } from './arena-view.js';

export const page: GamePage<Arena> = {
  name: 'arena',
  title: 'Arena',
  about: 'Fly, turn and shoot. Three minutes, up to sixteen ships.',
  icon: html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round">
    <path d="M21 12 4 19.5 8 12 4 4.5Z" /><path d="M1 9.5h2M1 14.5h2" stroke-linecap="round" />
  </svg>`,
  refusals: {},
  turnOf: () => null,
  outcome: (result) => {
    const [first, second] = (result as ArenaResult).ranking;
    if (!first || first.score === second?.score) return { winner: null, how: 'two ships have the most points' };
    return { winner: first.seat, how: `${first.score} ${first.score === 1 ? 'ship' : 'ships'} destroyed` };
  },
  mount: (root, room, table) => new ArenaView(root, room, table),
};

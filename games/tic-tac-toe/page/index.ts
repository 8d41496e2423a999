import './tic-tac-toe.css';
import { html } from 'lit-html';
import type { GamePage } from '#libs/game-page';
import type { TicTacToe, TicTacToeResult } from '../src/tic-tac-toe.js';
import { Grid } from './grid.js';

export const page: GamePage<TicTacToe> = {
  name: 'tic-tac-toe',
  title: 'Tic-tac-toe',
  about: 'Three in a row. A game takes a minute.',
  icon: html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round">
    <path d="m3 3 7 7m0-7-7 7" /><circle cx="17.3" cy="17.3" r="3.7" /><path d="M12 2.5v19M2.5 12h19" stroke-width="1.2" opacity=".5" />
  </svg>`,
  refusals: {
    'not-your-turn': 'It is not your turn.',
    'cell-taken': 'This cell is taken.',
  },
  turnOf: ({ turn }) => turn,
  outcome: (result) => {
    const { winner, by } = result as TicTacToeResult;
    return { winner, how: HOW[by] };
  },
  mount: (root, room, table) => new Grid(root, room, table),
};

const HOW: Record<TicTacToeResult['by'], string> = {
  line: 'three in a row',
  full: 'the board is full',
  left: 'the other player left',
  timeout: 'nobody moved',
};

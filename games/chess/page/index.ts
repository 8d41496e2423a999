import './chess.css';
import { html } from 'lit-html';
import type { GamePage } from '#libs/game-page';
import type { Chess, ChessResult } from '../src/chess.js';
import { ChessTable } from './chess-table.js';
import { startPosition } from './start-position.js';

export const page: GamePage<Chess> = {
  name: 'chess',
  title: 'Chess',
  about: 'Ten minutes each, plus five seconds per move.',
  icon: html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="currentColor">
    <path d="M6 21v-1.6q0-1.4 1.5-1.4h9.5q1.5 0 1.5 1.4V21zM8 16.8c0-3.4 3.6-4.8 3.6-7.7-1.5 1.2-2.4 1.2-3.6 2.2-.7.7-1.2 1-1.9.7-1.2-.3-1.7-1.4-1.2-2.6.7-2 1.9-3.2 2.7-4.8.2-1.2.5-2.2 1.4-3.4L10.5 3.2c5.3-.5 8.4 4.1 8.2 10.1 0 1.4-.3 2.6-.7 3.5z" />
  </svg>`,
  refusals: {
    'not-your-turn': 'It is not your turn.',
    'illegal-move': 'This move is not legal.',
    'no-draw-offer': 'There is no draw offer.',
    'no-draw-claim': 'You cannot claim a draw in this position.',
  },
  options: startPosition,
  turnOf: ({ turn }) => (turn === 'w' ? 0 : 1),
  outcome: (result) => {
    const { winner, by } = result as ChessResult;
    return { winner, how: HOW[by] };
  },
  mount: (root, room, table) => new ChessTable(root, room, table),
};

const HOW: Record<ChessResult['by'], string> = {
  checkmate: 'checkmate',
  resignation: 'resignation',
  agreement: 'by agreement',
  stalemate: 'stalemate',
  repetition: 'threefold repetition',
  'fifty-moves': 'fifty moves without a capture or a pawn move',
  insufficient: 'insufficient material',
  time: 'time ran out',
  left: 'the other player left',
};

import { html, svg, type TemplateResult } from 'lit-html';
import type { Side } from '../src/position.js';

export type PieceKind = 'p' | 'n' | 'b' | 'r' | 'q' | 'k';

export const PIECE_NAMES: Readonly<Record<PieceKind, string>> = {
  p: 'pawn',
  n: 'knight',
  b: 'bishop',
  r: 'rook',
  q: 'queen',
  k: 'king',
};

/** Returns a piece as SVG, so that the player's computer needs no font with chess symbols. */
export function piece(kind: PieceKind, side: Side): TemplateResult {
  return html`<svg class="piece piece-${side}" viewBox="0 0 100 100" aria-hidden="true">${SHAPES[kind]}${FOOT}</svg>`;
}

const FOOT = svg`<path d="M23 90v-4q0-8 9-9h36q9 1 9 9v4z" />`;

const SHAPES: Readonly<Record<PieceKind, TemplateResult>> = {
  p: svg`<path d="M43 48q0 18-12 29h38q-12-11-12-29z" /><path d="M37 43h26l3 7H34z" /><circle cx="50" cy="31" r="14" />`,
  r: svg`<path d="M36 42h28l4 35H32z" /><path d="M27 15h11v8h7v-8h10v8h7v-8h11v19l-8 8H35l-8-8z" /><path class="line" d="M36 42h28" />`,
  n: svg`<path d="M32 77c0-14 15-20 15-32-6 5-10 5-15 9-3 3-5 4-8 3-5-1-7-6-5-11 3-8 8-13 11-20 1-5 2-9 6-14l6 8c22-2 35 17 34 42 0 6-1 11-3 15z" />
    <circle class="dot" cx="38" cy="31" r="3" /><path class="line" d="M55 26c10 7 14 20 12 38" />`,
  b: svg`<path d="M41 62q0 9-9 15h36q-9-6-9-15z" /><path d="M50 17c17 13 20 28 11 40H39c-9-12-6-27 11-40z" /><path d="M35 56h30v7H35z" /><circle cx="50" cy="13" r="5.5" />
    <path class="line" d="m56 29-9 15" />`,
  q: svg`<path d="m22 29 12 31h32l12-31-17 17-3-25-8 23-8-23-3 25z" /><path d="M34 60q4 9-3 17h38q-7-8-3-17z" />
    <circle cx="21" cy="26" r="5" /><circle cx="42" cy="17" r="5" /><circle cx="58" cy="17" r="5" /><circle cx="79" cy="26" r="5" /><path class="line" d="M34 60h32" />`,
  k: svg`<path d="M47 9h6v7h7v6h-7v10h-6V22h-7v-6h7z" /><path d="M50 33c9-11 31-6 27 10-2 9-11 11-12 19H35c-1-8-10-10-12-19-4-16 18-21 27-10z" /><path d="M35 61q3 8-4 16h38q-7-8-4-16z" />
    <path class="line" d="M50 34v19M35 61h30" />`,
};

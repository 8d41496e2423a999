import { html, nothing, type TemplateResult } from 'lit-html';
import type { Seat } from '#libs/client';
import { type ArenaState, SHIP_STATUS, STEP_HZ } from '../src/world.js';
import type { ShipLooks } from './scene.js';

const LINES_MAX = 6;

/** Shows the scores of the best ships and of the player's ship beside the field. */
export function scores(state: ArenaState, own: Seat | null, { nameOf, colorOf }: ShipLooks): TemplateResult {
  const ranking = [...state.ships].sort((a, b) => b.score - a.score || a.seat - b.seat);
  const shown = ranking.filter(({ seat }, place) => place < LINES_MAX || seat === own);
  return html`<ol class="arena-scores" aria-label="Scores">
    ${shown.map(({ seat, score }) => {
      const mine = seat === own ? 'me' : '';
      return html`<li class=${mine}><i style=${`background:${colorOf(seat)}`}></i><span>${nameOf(seat)}</span><b>${score}</b></li>`;
    })}
  </ol>`;
}

export function timeLeft({ step, endsAt }: ArenaState): TemplateResult {
  const seconds = Math.max(0, Math.ceil((endsAt - step) / STEP_HZ));
  return html`<div class="arena-time" role="timer" aria-label="Time left">${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}</div>`;
}

/** A sentence that the page shows over the field while the player cannot fly. */
export function message(state: ArenaState, own: Seat | null): TemplateResult | typeof nothing {
  const ship = state.ships.find(({ seat }) => seat === own);
  if (ship?.status !== SHIP_STATUS.gone) return nothing;
  return html`<p class="arena-message" role="status">Your ship is destroyed. A new one comes in a moment.</p>`;
}

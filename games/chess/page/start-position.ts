import { html } from 'lit-html';
import { type RoomOptionsPart, textField } from '#libs/game-page';
import { setUpPosition } from '../src/set-up.js';

/** The field for the position in which the games of a new room begin. */
export const startPosition: RoomOptionsPart = {
  fields: html`<details class="more">
    <summary>Start from a position</summary>
    ${textField({ name: 'fen', label: 'Position (FEN)', placeholder: '8/8/8/4k3/8/8/4P3/4K3 w - - 0 1', flawOf: positionFlaw })}
  </details>`,
  read: (form) => {
    const fen = String(form.get('fen') ?? '').trim();
    return fen === '' ? undefined : { fen };
  },
  describe: ({ fen }) => `Each game starts from the position ${fen}.`,
};

export function positionFlaw(text: string): string | null {
  if (text.trim() === '') return null;
  const setUp = setUpPosition(text);
  return setUp.ok ? null : `The position ${setUp.flaw}.`;
}

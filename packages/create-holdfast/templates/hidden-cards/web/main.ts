// Imports only types, because the rules run on the server. The state of the room is the part that this player may see.
import type { HighCard, HighCardResult } from '../src/games/high-card/high-card.js';
import { open, show } from './page.js';

open<HighCard>('high-card', async (room, game) => {
  const hand = document.createElement('div');
  const score = document.createElement('p');
  game.append(hand, score);

  const draw = () => {
    const { state, seat } = room;
    if (!state || seat === null) return;
    const other = 1 - seat;
    hand.replaceChildren(...state.hand.map(cardButton));
    score.textContent = `You: ${state.wins[seat]}, opponent: ${state.wins[other]}`;
    if (state.last) score.textContent += `. Last round: ${state.last[seat]} against ${state.last[other]}`;
    show(state.hasPlayed[seat] ? 'The opponent chooses a card' : 'Choose a card');
  };
  const cardButton = (card: number) => {
    const button = document.createElement('button');
    button.textContent = String(card);
    button.addEventListener('click', () => {
      room.send('play', { card }).catch(({ code }) => show(`Refused: ${code}`));
    });
    return button;
  };
  room.on('change', draw);
  room.on('pause', () => show('One moment …'));
  room.on('resume', draw);
  draw();
  await room.waitFor(({ status }) => status === 'ended');
  return (room.result?.result as HighCardResult | undefined)?.winner === room.seat ? 'You have won' : 'You have lost';
});

// Imports only types, because the rules run on the server.
import type { Countdown } from '../src/games/countdown/countdown.js';
import { open, show } from './page.js';

open<Countdown>('countdown', async (room, game) => {
  const pile = document.createElement('p');
  const buttons = [1, 2, 3].map((coins) => {
    const button = document.createElement('button');
    button.textContent = `Take ${coins}`;
    button.addEventListener('click', () => {
      // Settles when the move is durable. Rejects with the code of the rules when it is refused.
      room.send('take', { coins }).catch(({ code }) => show(`Refused: ${code}`));
    });
    return button;
  });
  game.append(pile, ...buttons);

  const draw = () => {
    const { state, seat } = room;
    if (!state) return;
    pile.textContent = '●'.repeat(state.coins);
    for (const button of buttons) button.disabled = state.turn !== seat;
    show(state.turn === seat ? 'Your turn' : "The opponent's turn");
  };
  room.on('change', draw);
  room.on('pause', () => show('One moment …'));
  room.on('resume', draw);
  draw();
  await room.waitFor(({ status }) => status === 'ended');
  const { winner } = room.result!.result as { winner: number };
  return winner === room.seat ? 'You have won' : 'You have lost';
});

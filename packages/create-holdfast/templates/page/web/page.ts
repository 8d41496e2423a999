import type { Room, Session } from '@holdfast/client';
import { enter, hasSession, login } from './enter.js';

const form = document.querySelector<HTMLFormElement>('#login')!;
const status = document.querySelector<HTMLElement>('#status')!;
const game = document.querySelector<HTMLElement>('#game')!;

/** Shows the login, and plays one game after the other. `play` shows a room and resolves when its game has ended. */
export function open<Rules>(name: string, play: (room: Room<Rules>, game: HTMLElement) => Promise<string>): void {
  const begin = async () => {
    form.hidden = true;
    try {
      const session = await login(String(new FormData(form).get('name')));
      session.on('closed', (error) => show(`The session has ended${error ? `: ${error.message}` : ''}. Reload the page.`));
      for (;;) await playOnce(session, name, play);
    } catch (error) {
      show((error as Error).message);
      form.hidden = false;
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void begin();
  });
  if (hasSession()) void begin();
}

export function show(text: string): void {
  status.textContent = text;
}

async function playOnce<Rules>(session: Session, name: string, play: (room: Room<Rules>, game: HTMLElement) => Promise<string>) {
  show('Looking for other players …');
  const room = await enter<Rules>(session, name);
  game.replaceChildren();
  show(await play(room, game));
  const again = document.createElement('button');
  again.textContent = 'Play again';
  game.append(again);
  await new Promise((resolve) => again.addEventListener('click', resolve, { once: true }));
}

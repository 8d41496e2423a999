import type { Session } from '@holdfast/client';
import { type Chat, openChat } from '@holdfast/client/chat';

/** Shows the chat of the player's room: the stored messages first, then each new one. */
export function showRoomChat(session: Session, show: (line: string) => void): Chat {
  const chat = openChat(session, { to: 'room' });
  chat.on('message', ({ name, text }) => show(`${name}: ${text}`));
  chat.on('missed', () => show('(older messages are gone)'));
  chat.on('closed', () => show('(the chat is over)'));
  return chat;
}

/** Shows the chat of all players who look for a game. */
export function showLobbyChat(session: Session, show: (line: string) => void): Chat {
  const chat = openChat(session, { to: 'lobby', game: 'harvest' });
  chat.on('message', ({ name, text }) => show(`${name}: ${text}`));
  return chat;
}

/** Sends a text, and returns what to tell the player. */
export async function say(chat: Chat, text: string): Promise<string> {
  try {
    const { text: stored } = await chat.send(text);
    return stored === text ? '' : `Sent as: ${stored}`;
  } catch (error) {
    const { code, message, retryAfterMs } = error as { code: string; message: string; retryAfterMs?: number };
    return code === 'rate-limited' ? `Wait ${Math.ceil((retryAfterMs ?? 1_000) / 1_000)} s.` : message;
  }
}

/** Lets a member write no more in the chat of the room. For the host. */
export async function mute(session: Session, user: string, muted = true): Promise<void> {
  await session.request('chat.mute', { user: user as Session['user'], muted });
}

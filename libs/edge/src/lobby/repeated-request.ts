import { HoldfastError, type PlayerAnswer, type PlayerRequest, type RoomId, type RoomView } from '#libs/protocol';

/** Sends an operation of the player to a lobby. The request order is the same for all attempts. */
export type SendOperation = (operation: string, data: unknown) => Promise<PlayerAnswer>;

/** Refusals which mean that the player cannot return to the room of the first answer. */
const ROOM_REFUSALS: ReadonlySet<string> = new Set(['room-unknown', 'room-full', 'room-playing']);

/**
 * Repeats a request after a restart of the store. The store either still contains the result of the first request, or has lost it. The
 * player gets the same outcome in both cases.
 *
 * `before`: the first answer. Null: the first request was refused, or its answer was lost.
 */
export async function repeatRequest(
  send: SendOperation,
  operation: string,
  { caller, data }: PlayerRequest,
  before: PlayerAnswer | null,
): Promise<PlayerAnswer> {
  switch (operation) {
    case 'rooms.create':
    case 'match.find':
      return enterAgain(send, operation, { caller, data }, before);
    case 'rooms.leave':
      return leaveAgain(send, operation, { caller, data }, before);
    case 'rooms.ready':
    case 'rooms.rematch':
    case 'rooms.start':
      return startAgain(send, operation, data);
    case 'rooms.host':
      return handOverAgain(send, operation, data);
    case 'match.cancel': {
      const again = await send(operation, data);
      return isCancelled(before) ? { ...again, data: { cancelled: true } } : again;
    }
    default:
      return send(operation, data);
  }
}

/**
 * Repeats a `rooms.create` or `match.find` without creating a second room: the room of the first request perhaps still exists with the
 * player as a member.
 */
async function enterAgain(
  send: SendOperation,
  operation: string,
  { caller, data }: PlayerRequest,
  before: PlayerAnswer | null,
): Promise<PlayerAnswer> {
  const joined = before?.binding ? await joinIfPossible(send, before.binding.room) : null;
  if (joined) return joined;
  try {
    return await send(operation, data);
  } catch (error) {
    if (codeOf(error) !== 'already-in-room') throw error;
    const { room, watching } = await whereIs(send);
    // If the player was in this room before the request, the request did not create the room. The player then gets the refusal.
    if (!room || watching || (caller.room?.id === room.id && !caller.room.watching)) throw error;
    return send('rooms.join', { room: room.id });
  }
}

async function joinIfPossible(send: SendOperation, room: RoomId): Promise<PlayerAnswer | null> {
  try {
    return await send('rooms.join', { room });
  } catch (error) {
    if (ROOM_REFUSALS.has(codeOf(error))) return null;
    throw error;
  }
}

/** Repeats a `rooms.leave`. Succeeds also when the player has already left the room. */
async function leaveAgain(
  send: SendOperation,
  operation: string,
  { caller, data }: PlayerRequest,
  before: PlayerAnswer | null,
): Promise<PlayerAnswer> {
  try {
    return await send(operation, data);
  } catch (error) {
    const hasLeft = ['not-in-room', 'room-unknown'].includes(codeOf(error));
    if (hasLeft && before) return before;
    if (hasLeft && caller.room) return { data: { left: caller.room.id }, binding: null };
    throw error;
  }
}

/** Repeats a `rooms.ready` or `rooms.start`. Succeeds also when the game has already started, because the player was then ready. */
async function startAgain(send: SendOperation, operation: string, data: unknown): Promise<PlayerAnswer> {
  try {
    return await send(operation, data);
  } catch (error) {
    const isUnready = (data as { ready?: unknown } | null | undefined)?.ready === false;
    if (codeOf(error) !== 'room-playing' || isUnready) throw error;
    const { room, watching } = await whereIs(send);
    if (!room || watching || room.status === 'waiting') throw error;
    // The restart of the store may have interrupted the start of the game. A lobby then cancels the start, and the player must start the
    // game again.
    if (room.status === 'starting' && operation !== 'rooms.ready') throw new HoldfastError('unavailable');
    return { data: { room } };
  }
}

/** Repeats a `rooms.host`. Succeeds also when the first request has already changed the host. */
async function handOverAgain(send: SendOperation, operation: string, data: unknown): Promise<PlayerAnswer> {
  try {
    return await send(operation, data);
  } catch (error) {
    if (codeOf(error) !== 'not-owner') throw error;
    const { room } = await whereIs(send);
    if (room?.owner !== (data as { user?: unknown } | null)?.user) throw error;
    return { data: { room } };
  }
}

async function whereIs(send: SendOperation): Promise<{ readonly room: RoomView | null; readonly watching: boolean }> {
  return (await send('me', undefined)).data as { room: RoomView | null; watching: boolean };
}

function isCancelled(answer: PlayerAnswer | null): boolean {
  return (answer?.data as { cancelled?: unknown } | null | undefined)?.cancelled === true;
}

function codeOf(error: unknown): string {
  return error instanceof HoldfastError ? error.code : '';
}

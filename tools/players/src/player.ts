import { connect, HoldfastError, type Room, type Session } from '#libs/client';
import type { PlayersOptions } from './options.js';
import type { Tally } from './tally.js';
import { trustIn } from './trust.js';

/** Opening hundreds of connections at one stroke is not what is measured. */
const OPEN_AT_ONCE = 16;
/** A request that could work later is repeated for this long. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 100;
/** How long a start may wait for a game server with room for it. */
const START_MS = 5_000;

/** Sessions under names of their own, spread over the gateways. Rejects with the first refusal. */
export async function openSessions(count: number, options: PlayersOptions, tally: Tally): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let first = 0; first < count; first += OPEN_AT_ONCE) {
    const wave = Array.from({ length: Math.min(OPEN_AT_ONCE, count - first) }, (_, index) => open(first + index, options, tally));
    sessions.push(...(await Promise.all(wave)));
  }
  return sessions;
}

async function open(index: number, { urls, encoding, certificate }: PlayersOptions, tally: Tally): Promise<Session> {
  const turn = index % urls.length;
  const inTurn = [...urls.slice(turn), ...urls.slice(0, turn)];
  const trust = trustIn(certificate);
  const session = await patiently(() => connect(inTurn, { name: `player-${index + 1}`, subprotocol: encoding, ...trust }).catch(orNoFleet));
  session.on('status', (status) => {
    if (status === 'reconnecting') tally.reconnects += 1;
  });
  session.on('closed', (error) => {
    if (error) tally.fault(`${session.name} was turned away: ${error.code}: ${error.message}`);
  });
  session.on('error', (error) => tally.fault(`${session.name} was not understood: ${error.code}: ${error.message}`));
  return session;
}

/** Measures from each pause of the room until its game goes on or ends. Returns the way to stop. */
export function watchPauses<Rules>(room: Room<Rules>, tally: Tally): () => void {
  let over: (() => void) | null = null;
  const goesOn = (): void => {
    over?.();
    over = null;
  };
  const stops = [
    room.on('pause', () => {
      over ??= tally.pauseBegan(() => performance.now());
    }),
    room.on('resume', goesOn),
    room.on('end', goesOn),
    goesOn,
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Sends, and books what came of it. False: refused, or nobody knows. */
export async function move(send: () => Promise<void>, tally: Tally): Promise<boolean> {
  const startedAt = performance.now();
  try {
    await send();
    tally.acknowledged(performance.now() - startedAt);
    return true;
  } catch (error) {
    tally.refused(codeOf(error));
    // Whoever is told to slow down, does.
    if ((error as Partial<HoldfastError>).retry) await pause((error as Partial<HoldfastError>).retryAfterMs ?? AGAIN_MS);
    return false;
  }
}

/** Again while the server says that trying again can help. */
export async function patiently<Result>(act: () => Promise<Result>, alsoAgain: readonly string[] = []): Promise<Result> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const { retry, retryAfterMs } = error as Partial<HoldfastError>;
      const mayHelp = retry === true || alsoAgain.includes(codeOf(error));
      if (!mayHelp || Date.now() > deadline) throw error;
      await pause(retryAfterMs ?? AGAIN_MS);
    }
  }
}

export const NO_FLEET = 'no-fleet';

/** Where nobody answers at all, that is said at once, and not after half a minute. */
function orNoFleet(error: Partial<HoldfastError>): never {
  throw error.code === 'unavailable' && error.retryAfterMs === undefined ? new HoldfastError(NO_FLEET, error.message) : error;
}

/** Into a new room, by `enter`; out of the old one first, where a lobby was lost in the middle of it. */
export function freshly<Rules>(session: Session, enter: () => Promise<Room<Rules>>): Promise<Room<Rules>> {
  return patiently(async () => {
    try {
      return await enter();
    } catch (error) {
      if (codeOf(error) === 'already-in-room') await leaveAnyRoom(session);
      throw error;
    }
  }, ['already-in-room']);
}

/**
 * By the room's owner, when all others are ready. Where the answer is lost with its lobby, the game may have started, or
 * the start is taken back after a while; so it is asked again until a game runs.
 */
export async function startGame<Rules>(room: Room<Rules>): Promise<void> {
  const start = async (): Promise<void> => {
    if (room.status !== 'playing') await room.start({ waitMs: START_MS });
  };
  await patiently(start, ['not-ready', 'room-playing']);
}

/** Out of whatever room this is, so that another can be entered. */
export async function leaveAnyRoom(session: Session): Promise<void> {
  await patiently(async () => {
    const { room } = await session.me();
    if (room) await (session.room ?? (await session.joinRoom(room.id))).leave();
  }).catch(() => {});
}

export function codeOf(error: unknown): string {
  return (error as Partial<HoldfastError>).code ?? String(error);
}

export function sentenceOf(error: unknown): string {
  const { code, message } = error as Partial<HoldfastError>;
  return code === undefined ? String(error) : `${code}: ${message}`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

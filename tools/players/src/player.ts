import { connect, HoldfastError, type Room, type Session } from '#libs/client/node';
import type { PlayersOptions } from './options.js';
import type { Tally } from './tally.js';
import { trustIn } from './trust.js';

/** Maximum number of concurrent connection attempts. This tool does not test hundreds of attempts at once. */
const OPEN_AT_ONCE = 16;
/** The duration for which a failed request is repeated if a repeat can succeed, in ms. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 100;
/** Duration for which the start of a game may wait for free capacity, in ms. */
const START_MS = 5_000;

type ConnectionOptions = Pick<PlayersOptions, 'urls' | 'encoding' | 'certificate' | 'isFleetKnown'>;

/**
 * Opens sessions with different names, and distributes them over the gateways. Rejects with the first refusal that is final. Rejects with
 * `no-fleet` when no gateway answers the first session. Later sessions repeat their attempts, because a gateway that does not answer is
 * perhaps starting again.
 */
export async function openSessions(count: number, options: ConnectionOptions, tally: Tally): Promise<Session[]> {
  const sessions = [await open(0, options, tally, options.isFleetKnown)];
  while (sessions.length < count) {
    const first = sessions.length;
    const wave = Array.from({ length: Math.min(OPEN_AT_ONCE, count - first) }, (_, index) => open(first + index, options, tally, true));
    sessions.push(...(await Promise.all(wave)));
  }
  return sessions;
}

async function open(
  index: number,
  { urls, encoding, certificate }: ConnectionOptions,
  tally: Tally,
  isFleetKnown: boolean,
): Promise<Session> {
  const turn = index % urls.length;
  const inTurn = [...urls.slice(turn), ...urls.slice(0, turn)];
  const trust = trustIn(certificate);
  const session = await patiently(() =>
    connect(inTurn, { name: `player-${index + 1}`, subprotocol: encoding, ...trust }).catch((error: Partial<HoldfastError>) => {
      if (!isFleetKnown && isUnanswered(error)) throw new HoldfastError(NO_FLEET, error.message);
      if (error.retry) tally.failedConnects += 1;
      throw error;
    }),
  );
  session.on('status', (status) => {
    if (status === 'reconnecting') tally.reconnects += 1;
  });
  session.on('closed', (error) => {
    if (error) tally.fault(`${session.name} was disconnected: ${error.code}: ${error.message}`);
  });
  session.on('error', (error) => tally.fault(`${session.name} sent a message that was refused: ${error.code}: ${error.message}`));
  return session;
}

/** Measures each pause of the room, until the game resumes or ends. Returns a function that stops the measurement. */
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

/** Sends a move and records the result. Returns false when the move was refused, or when its outcome is not known. */
export async function move(send: () => Promise<void>, tally: Tally): Promise<boolean> {
  const startedAt = performance.now();
  try {
    await send();
    tally.acknowledged(performance.now() - startedAt);
    return true;
  } catch (error) {
    tally.refused(codeOf(error));
    // If a repeat of the move can succeed, for example after `rate-limited`, waits as long as the refusal says. The caller then repeats the
    // move.
    if ((error as Partial<HoldfastError>).retry) await pause((error as Partial<HoldfastError>).retryAfterMs ?? AGAIN_MS);
    return false;
  }
}

/** Calls `act` again for up to 30 s, while `act` fails with an error that has `retry` or a code in `alsoAgain`. */
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

/**
 * Returns whether an attempt to connect failed because no gateway answered. The code alone does not show it: a gateway that refuses for now
 * sends `unavailable` too, but with `retryAfterMs`.
 */
function isUnanswered({ code, retryAfterMs }: Partial<HoldfastError>): boolean {
  return code === 'unavailable' && retryAfterMs === undefined;
}

/** Enters a new room. If the session is still in a room, because a lobby died during an earlier request, leaves that room first. */
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
 * Starts the game as the host, when all other members are ready. If the lobby dies before its answer, the game has perhaps started, or
 * another lobby reverts the start later. So this function repeats the request until a game runs.
 */
export async function startGame<Rules>(room: Room<Rules>): Promise<void> {
  const start = async (): Promise<void> => {
    if (room.status !== 'playing') await room.start({ waitMs: START_MS });
  };
  await patiently(start, ['not-ready', 'room-playing']);
}

/** Leaves the current room, if there is one, because a session can only be in one room. */
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

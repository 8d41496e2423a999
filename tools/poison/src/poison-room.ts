import { connect, type HoldfastError, type Room, type Session } from '#libs/client/node';
import { pause, until } from '../../chaos/src/until.js';
import { codeOf, patiently } from '../../players/src/player.js';
import type { PoisonCase } from './cases.js';
import type { PoisonGame } from './poison-game.js';
import { SETUP_POISON } from './poisons.js';

/** The time limit for the outcome of hostile code, in ms. It allows for the loss and the recovery of a room. */
const OUTCOME_MS = 20_000;

export interface PoisonOutcome {
  /** Time from the last run of hostile code until the player who caused it received the outcome, in ms. */
  readonly ms: number;
  /** Differences from the allowed outcome, as sentences. */
  readonly faults: readonly string[];
}

/** Plays one hostile room. Between two runs of the hostile code, calls `whole`, which waits until the fleet is complete. */
export async function playPoison(poison: PoisonCase, url: string, whole: () => Promise<void>): Promise<PoisonOutcome> {
  const name = poison.place === 'setup' ? `${SETUP_POISON}${poison.poison}` : 'Mallory';
  const host = await connect(url, { name });
  const guest = poison.place === 'seat' ? await connect(url, { name: 'Eve' }) : null;
  try {
    const room = await patiently(() => host.createRoom<PoisonGame>({ game: 'poison', seats: guest ? 2 : 1, private: true }));
    const other = guest ? await guest.joinRoom<PoisonGame>(room.id) : null;
    await other?.ready();
    if (poison.place === 'setup') return await poisonSetup(room);
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: OUTCOME_MS });
    return await poisonGame(poison, room, other, whole);
  } finally {
    close(host);
    if (guest) close(guest);
  }
}

async function poisonSetup(room: Room<PoisonGame>): Promise<PoisonOutcome> {
  const startedAt = performance.now();
  const code = await room.start().then(
    () => 'started',
    (error) => codeOf(error),
  );
  const faults = code === 'game-failed' ? [] : [`the start was answered ${code}, not game-failed`];
  return { ms: performance.now() - startedAt, faults };
}

async function poisonGame(
  poison: PoisonCase,
  room: Room<PoisonGame>,
  other: Room<PoisonGame> | null,
  whole: () => Promise<void>,
): Promise<PoisonOutcome> {
  const faults: string[] = [];
  let startedAt = performance.now();
  await room.send('move');
  for (let time = 1; time <= poison.times; time++) {
    if (time > 1) await whole();
    startedAt = performance.now();
    const isLast = time === poison.times;
    const answer = await act(poison, room, other);
    if (poison.outcome === 'refused' || !isLast) {
      if (poison.place === 'command' && answer !== 'game-failed') faults.push(`the command was answered ${answer}, not game-failed`);
    } else {
      await room.waitFor(({ result }) => result !== null, { timeoutMs: OUTCOME_MS }).catch(() => {});
      const reason = room.result?.reason ?? 'nothing';
      if (reason !== 'game-failed') faults.push(`the room ended as ${reason}, not game-failed (${room.status})`);
      else if (!room.result?.message) faults.push('the end has no message for people');
    }
  }
  const ms = performance.now() - startedAt;
  if (poison.outcome === 'refused') {
    await whole();
    faults.push(...(await goesOn(room)));
  }
  if (room.unanswered > 0) faults.push(`the client is still sending ${room.unanswered} commands`);
  return { ms, faults };
}

/**
 * Sends the command that runs the hostile code, or that prepares the run. Returns the code of the refusal, `applied`, or `never` when no
 * answer arrives.
 */
async function act(poison: PoisonCase, room: Room<PoisonGame>, other: Room<PoisonGame> | null): Promise<string> {
  const sent =
    poison.place === 'command'
      ? room.send('act', { poison: poison.poison })
      : room.send('arm', { poison: poison.poison, place: poison.place as never });
  const answer = sent.then(
    () => 'applied',
    (error: HoldfastError) => codeOf(error),
  );
  if (other) {
    await answer;
    await other.leave();
  }
  return Promise.race([answer, pause(OUTCOME_MS).then(() => 'never')]);
}

async function goesOn(room: Room<PoisonGame>): Promise<string[]> {
  try {
    const before = room.state?.moves ?? 0;
    await room.send('move');
    await until(() => room.state?.moves === before + 1, OUTCOME_MS);
    return [];
  } catch (error) {
    return [`the room does not continue: ${codeOf(error)} (${room.status})`];
  }
}

function close(session: Session): void {
  session.close();
}

// A game that records every command, counts the calls of its timers, and pays by effects. Settings of its server:
// - TEST_LEDGER: the version of the game (1 or 2; 0: the server does not have the game).
// - TEST_LEDGER_MIGRATES=0: the game has no `migrateState`.
// - TEST_EFFECTS: a file to which each run of an effect appends a line.
// - TEST_EFFECTS_HANG=1: the effects never finish on this server.
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { Command, EffectHandler, Game, OnSeat, OnTimer } from '#libs/game-kit';
import { Module } from './nest.mjs';

/**
 * @typedef {{ applied: string[][], rings: number, paid: number, migratedFrom: number[], servers: string[], presence: string[] }} State
 * @typedef {{ state: State, seat: number, schedule(name: string, ms: number): void, emit(name: string, data: unknown): void, effect(name: string, data: unknown): void, end(result?: unknown): void }} LedgerRoom
 */

const version = Number(process.env.TEST_LEDGER ?? 1);
const effectsFile = process.env.TEST_EFFECTS ?? '';
const me = process.env.SERVER_NAME ?? '';

class Ledger {
  /** @param {{ seats: readonly unknown[] }} room @returns {State} */
  setup({ seats }) {
    return { applied: seats.map(() => []), rings: 0, paid: 0, migratedFrom: [], servers: [], presence: [] };
  }

  /** @param {LedgerRoom} room @param {{ id: string }} data */
  note(room, { id }) {
    room.state.applied[room.seat].push(id);
    room.emit('noted', { id });
  }

  /** @param {LedgerRoom} room @param {{ ms: number }} data */
  wind(room, { ms }) {
    room.schedule('bell', ms);
  }

  /** @param {LedgerRoom} room */
  ring({ state }) {
    state.rings += 1;
    state.servers.push(me);
  }

  /** @param {LedgerRoom} room */
  away({ state, seat }) {
    state.presence.push(`${seat} away`);
  }

  /** @param {LedgerRoom} room */
  back({ state, seat }) {
    state.presence.push(`${seat} back`);
  }

  /** @param {LedgerRoom} room @param {{ text: string }} data */
  shout(room, { text }) {
    room.emit('shout', text);
  }

  /** @param {LedgerRoom} room @param {{ id: string }} data */
  pay(room, { id }) {
    room.state.paid += 1;
    room.effect('ledger-pay', { id });
  }

  /** @param {LedgerRoom} room @param {{ id: string }} data */
  settle(room, { id }) {
    room.effect('ledger-pay', { id });
    room.end({ settled: id });
  }
}

if (version > 1 && process.env.TEST_LEDGER_MIGRATES !== '0')
  Object.assign(Ledger.prototype, {
    /** @param {State} state @param {number} from @returns {State} */
    migrateState: (state, from) => ({ ...state, migratedFrom: [...state.migratedFrom, from] }),
  });

const id = z.object({ id: z.string() });
Game({ name: 'ledger', version: Math.max(1, version), seats: 2, seatGraceMs: 120_000 })(Ledger);
decorate(Command(id), Ledger, 'note');
decorate(Command(z.object({ ms: z.int() })), Ledger, 'wind');
decorate(OnTimer('bell'), Ledger, 'ring');
decorate(Command(z.object({ text: z.string() })), Ledger, 'shout');
decorate(OnSeat('away'), Ledger, 'away');
decorate(OnSeat('back'), Ledger, 'back');
decorate(Command(id), Ledger, 'pay');
decorate(Command(id), Ledger, 'settle');

class Till {
  /** @param {{ key: string, data: { id: string } }} effect */
  async pay({ key, data }) {
    const hangs = process.env.TEST_EFFECTS_HANG === '1';
    if (effectsFile) appendFileSync(effectsFile, `${JSON.stringify({ key, id: data.id, by: me, hangs })}\n`);
    if (hangs) await new Promise(() => {});
  }
}
decorate(EffectHandler('ledger-pay'), Till, 'pay');

class LedgerGame {}
Module({ providers: [Ledger, Till] })(LedgerGame);

/** The modules with the game. Empty for TEST_LEDGER=0. */
export const LedgerModule = version > 0 ? [LedgerGame] : [];

/** @param {Function} decorator @param {Function} target @param {string} name */
function decorate(decorator, target, name) {
  decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
}

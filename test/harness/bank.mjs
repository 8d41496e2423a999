// A game for each durability that pays by effects. What was paid is written down outside, one line for each run of an
// effect, in the file TEST_BANK. Whoever adds it up removes duplicates by key, as docs/writing-a-game.md shows.
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { Command, EffectHandler, Game } from '#libs/game-kit';
import { Module } from './nest.mjs';

/**
 * @typedef {{ purse: number, sent: string[], touched: number }} Purse
 * @typedef {{ state: Purse, effect(name: string, data: unknown): void }} BankRoom
 */

const PURSE = 10_000;
/** Long enough to lose something when a server is killed. */
const CHECKPOINT_MS = 3_000;
const PAYING_MS = 20;

/** @param {'every-change' | 'checkpoint' | 'none'} durability */
function bankOf(durability) {
  class Bank {
    /** @returns {Purse} */
    setup() {
      return { purse: PURSE, sent: [], touched: 0 };
    }

    /** @param {BankRoom} room @param {{ id: string }} data */
    transfer(room, { id }) {
      room.state.purse -= 1;
      room.state.sent.push(id);
      room.effect('bank-transfer', { id });
    }

    /** @param {BankRoom} room */
    touch(room) {
      room.state.touched += 1;
    }
  }
  Game({ name: `bank-${durability}`, version: 1, seats: 2, durability, checkpointMs: CHECKPOINT_MS })(Bank);
  decorate(Command(z.object({ id: z.string() })), Bank, 'transfer');
  decorate(Command(), Bank, 'touch');
  return Bank;
}

class Clearing {
  /** @param {{ key: string, roomId: string, data: { id: string } }} effect */
  async pay({ key, roomId, data }) {
    // Killed before this, it has not happened; killed after it, it happens again.
    await new Promise((resolve) => setTimeout(resolve, PAYING_MS));
    appendFileSync(process.env.TEST_BANK ?? '', `${JSON.stringify({ key, room: roomId, id: data.id })}\n`);
  }
}
decorate(EffectHandler('bank-transfer'), Clearing, 'pay');

class BankGames {}
Module({ providers: [bankOf('every-change'), bankOf('checkpoint'), bankOf('none'), Clearing] })(BankGames);

/** What to import for it; nothing where no file is named. */
export const BankModule = process.env.TEST_BANK ? [BankGames] : [];

/** @param {Function} decorator @param {Function} target @param {string} name */
function decorate(decorator, target, name) {
  decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
}

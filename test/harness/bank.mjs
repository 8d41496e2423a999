// One game for each durability. Each game pays by effects. Each run of an effect appends one line to the file TEST_BANK. An effect may run
// more than once, so the reader of the file must count lines with equal keys once, as docs/writing-a-game.md shows.
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { Command, EffectHandler, Game } from '#libs/game-kit';
import { Module } from './nest.mjs';

/**
 * @typedef {{ purse: number, sent: string[], touched: number }} Purse
 * @typedef {{ state: Purse, effect(name: string, data: unknown): void }} BankRoom
 */

const PURSE = 10_000;
/** The time between checkpoints, in ms. It is long, so that a killed server loses changes of the game with `checkpoint`. */
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
    // A server that dies before it appends the line has paid nothing. If it dies after that, the next owner runs the effect again.
    await new Promise((resolve) => setTimeout(resolve, PAYING_MS));
    appendFileSync(process.env.TEST_BANK ?? '', `${JSON.stringify({ key, room: roomId, id: data.id })}\n`);
  }
}
decorate(EffectHandler('bank-transfer'), Clearing, 'pay');

class BankGames {}
Module({ providers: [bankOf('every-change'), bankOf('checkpoint'), bankOf('none'), Clearing] })(BankGames);

/** The modules with these games. Empty without TEST_BANK. */
export const BankModule = process.env.TEST_BANK ? [BankGames] : [];

/** @param {Function} decorator @param {Function} target @param {string} name */
function decorate(decorator, target, name) {
  decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
}

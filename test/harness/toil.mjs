// `toil`: a game that keeps its server busy, for tests of alerts. Its steps take `burnMs` each, and its effect takes `ms`.
import { z } from 'zod';
import { Command, EffectHandler, Game, OnResult, OnStep } from '#libs/game-kit';
import { Module } from './nest.mjs';

/** @typedef {{ burnMs: number, answers: number }} State */
/** @typedef {import('#libs/game-kit').GameRoom<State>} ToilRoom */

class Toil {
  /** @returns {State} */
  setup() {
    return { burnMs: 0, answers: 0 };
  }

  /** @param {ToilRoom} room @param {{ ms: number }} data */
  burn({ state }, { ms }) {
    state.burnMs = ms;
  }

  /** @param {ToilRoom} room */
  step({ state }) {
    const until = performance.now() + state.burnMs;
    while (performance.now() < until);
  }

  /** @param {ToilRoom} room @param {{ ms: number }} data */
  work(room, { ms }) {
    room.effect('toil-work', { ms });
  }

  /** @param {ToilRoom} room */
  answered({ state }) {
    state.answers += 1;
  }

  /** @param {ToilRoom} room */
  end(room) {
    room.end({});
  }
}

class Worker {
  /** @param {{ data: { ms: number } }} effect */
  async work({ data }) {
    await new Promise((resolve) => setTimeout(resolve, data.ms));
    return { done: true };
  }
}

Game({ name: 'toil', version: 1, seats: { min: 1, max: 2 } })(/** @type {never} */ (Toil));
const ms = z.object({ ms: z.number() });
/** @type {[owner: Function, name: string, decorator: Function][]} */
const decorators = [
  [Toil, 'burn', Command(ms)],
  [Toil, 'step', OnStep(20)],
  [Toil, 'work', Command(ms)],
  [Toil, 'answered', OnResult('toil-work', { timeoutMs: 60_000 })],
  [Toil, 'end', Command()],
  [Worker, 'work', EffectHandler('toil-work')],
];
for (const [owner, name, decorate] of decorators) decorate(owner.prototype, name, Object.getOwnPropertyDescriptor(owner.prototype, name));

class ToilGame {}
Module({ providers: [Toil, Worker] })(ToilGame);

export const ToilModule = [ToilGame];

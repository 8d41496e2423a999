// A game that loads profiles before it begins, and reads the claims of its players. Settings of its server:
// - TEST_LOADS: a file to which each load appends a line: the name of the server and the key of the start.
// - TEST_LOADS_WAIT: a file. While it exists, each load waits.
import { appendFileSync, existsSync } from 'node:fs';
import { z } from 'zod';
import { Game, OnLoad, refuse } from '#libs/game-kit';
import { Module } from './nest.mjs';

const { TEST_LOADS = '', TEST_LOADS_WAIT = '', SERVER_NAME = '' } = process.env;

/**
 * @typedef {{ ranks: (number | null)[], loaded: unknown }} State
 * @typedef {{ seats: readonly { claims?: { rank?: number } }[], loaded: unknown }} SetupRoom
 * @typedef {{ key: string, seats: readonly { name: string }[], options: { refuse?: boolean } | undefined }} Start
 */

class Profiles {
  /** @param {SetupRoom} room @returns {State} */
  setup({ seats, loaded }) {
    return { ranks: seats.map(({ claims }) => claims?.rank ?? null), loaded };
  }

  /** @param {Start} start */
  async load({ key, seats, options }) {
    appendFileSync(TEST_LOADS, `${SERVER_NAME} ${key}\n`);
    while (existsSync(TEST_LOADS_WAIT)) await new Promise((resolve) => setTimeout(resolve, 20));
    if (options?.refuse) throw refuse('no-profile', 'Bob has no profile.');
    return { by: SERVER_NAME, names: seats.map(({ name }) => name) };
  }
}
Game({ name: 'profiles', version: 1, seats: 2, options: z.strictObject({ refuse: z.boolean() }) })(Profiles);
OnLoad({ timeoutMs: 20_000 })(
  Profiles.prototype,
  'load',
  /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Profiles.prototype, 'load')),
);

class ProfilesGame {}
Module({ providers: [Profiles] })(ProfilesGame);

/** The Nest modules of the game whose players have profiles. Empty unless the environment variable TEST_LOADS is set. */
export const ProfilesModules = TEST_LOADS ? [ProfilesGame] : [];

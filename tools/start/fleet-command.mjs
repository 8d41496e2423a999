import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { whenNpmIsGone } from '../process/npm-parent.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { SteadyWriter } from '../process/steady-writer.mjs';
import { openProject } from '../project/project.mjs';
import { DOT_ENV, withConfiguration } from './configuration.mjs';
import { LOGS } from './fleet-folder.mjs';
import { LocalFleet } from './local-fleet.mjs';
import { readOptions } from './options.mjs';
import { Terminal } from './terminal.mjs';

/**
 * A second signal kills the servers, unless it arrives within this time after the first one, in ms. Under npm, one Ctrl-C causes two
 * signals: from the terminal and from npm.
 */
const SAME_SIGNAL_MS = 500;

const errors = new SteadyWriter(() => 2);
/** The output for people. When no process reads it any more, or a write fails, the fleet continues. */
const output = Object.assign(
  new SteadyWriter(() => 1, {
    lost: ({ lines, reason }) => `  ${lines} lines could not be written (${reason}); they are in ${LOGS}`,
    failed: (reason) => {
      if (reason === 'EPIPE')
        errors.write(
          `Nobody reads this output any more. The fleet continues; its logs are in ${LOGS}. To stop it, press Ctrl-C or run "kill ${process.pid}".\n`,
        );
    },
  }),
  { isTTY: process.stdout.isTTY },
);

/** @param {readonly string[]} argv */
export async function main(argv) {
  const env = withContentOfFiles(withConfiguration({ ...dotEnv(), ...process.env }));
  const read = readOptions(argv, env);
  if ('problem' in read) {
    errors.write(`${read.problem}\n`);
    process.exitCode = 2;
    return;
  }
  const fleet = new LocalFleet(await openProject(), read.options, env, new Terminal(output));
  /** @type {(reason: string) => void} */
  let interrupt = () => {};
  const interrupted = new Promise((resolve) => {
    interrupt = resolve;
  });
  let firstSignalAt = 0;
  guardOutput();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (firstSignalAt === 0) {
        firstSignalAt = Date.now();
        interrupt(signal);
        // A closed terminal can cause more than one SIGHUP. So a second SIGHUP does not kill the servers.
      } else if (signal !== 'SIGHUP' && Date.now() - firstSignalAt > SAME_SIGNAL_MS) fleet.kill();
    });
  }
  whenNpmIsGone(() => interrupt('npm is gone'));
  try {
    await Promise.race([fleet.start(), interrupted]);
    await interrupted;
    await fleet.stop();
    process.exit(0);
  } catch (error) {
    await fleet.stop({ quiet: true });
    errors.write(`\n${error instanceof PlainError ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
}

/**
 * Ignores failed writes to the output of this process, including writes by `console` in imported code. The fleet must continue on a full
 * disk, and when the terminal or the reader of the output has ended.
 */
function guardOutput() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('exit', () => {
    output.flush();
    errors.flush();
  });
}

/**
 * Replaces settings that name a file (`…_FILE`) by the value in the file. The servers then get the secrets themselves. `REDIS_URL_FILE`
 * remains, because servers must read this file again when the fleet moves to another Redis.
 *
 * @param {NodeJS.ProcessEnv} env @returns {NodeJS.ProcessEnv}
 */
function withContentOfFiles({ LINK_SECRET_FILE, ADMIN_TOKEN_FILE, ...env }) {
  /** @param {string | undefined} file */
  const read = (file) => {
    try {
      return file && readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new PlainError(`${file} cannot be read (${/** @type {NodeJS.ErrnoException} */ (error).code}).`);
    }
  };
  const [linkSecret, adminToken, redisUrl] = [LINK_SECRET_FILE, ADMIN_TOKEN_FILE, env.REDIS_URL_FILE].map(read);
  if (redisUrl === '' && env.REDIS_URL_FILE) throw new PlainError(`${env.REDIS_URL_FILE} is empty. Write the address of Redis into it.`);
  if (redisUrl && env.REDIS_URL) throw new PlainError('REDIS_URL and REDIS_URL_FILE are set: set only one of them.');
  return {
    ...env,
    ...(linkSecret && { LINK_SECRET: linkSecret }),
    ...(adminToken && { ADMIN_TOKEN: adminToken }),
    ...(redisUrl && { REDIS_URL: redisUrl }),
  };
}

/** @returns {NodeJS.ProcessEnv} */
function dotEnv() {
  return existsSync(DOT_ENV) ? /** @type {NodeJS.ProcessEnv} */ (parseEnv(readFileSync(DOT_ENV, 'utf8'))) : {};
}

const POLL_MS = 250;

/**
 * Calls `act` once when the npm process that started this program was killed (kill -9). Otherwise the program would continue to run
 * unnoticed. Does nothing when npm did not start this program.
 *
 * @param {() => void} act @param {NodeJS.ProcessEnv} [env]
 */
export function whenNpmIsGone(act, env = process.env) {
  if (!env.npm_lifecycle_event) return;
  const npm = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(looking);
    act();
  }, POLL_MS);
  looking.unref();
}

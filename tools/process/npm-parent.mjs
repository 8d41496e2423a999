const POLL_MS = 250;

/**
 * Calls `act` once when the npm process that started this program has been killed (kill -9). Without this, the program would run on
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

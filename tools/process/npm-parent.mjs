const LOOK_MS = 250;

/**
 * Calls once when the npm that runs this program is gone (kill -9): a program that outlives it would run on unseen.
 * Does nothing for one that was not started by npm.
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
  }, LOOK_MS);
  looking.unref();
}

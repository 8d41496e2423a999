let isBinary = false;

/** From now on, help and messages name the binary `holdfast` and not the scripts of this repository. */
export function speakAsBinary() {
  isBinary = true;
}

/**
 * Returns how the user calls a command: `npm run fleet --`, or `holdfast fleet`.
 *
 * @param {string} command @returns {string}
 */
export function callOf(command) {
  if (isBinary) return `holdfast ${command}`;
  return command === 'start' ? 'npm start --' : `npm run ${command} --`;
}

/**
 * Rewrites a text that names the scripts of this repository, so that it names the same commands of the binary. Pure.
 *
 * @param {string} text @returns {string}
 */
export function asBinary(text) {
  return text
    .replace(/npm (?:run )?(start|dev|players|fleet|chaos|rolling)( --)?(?![\w:-])/g, 'holdfast $1')
    .replace(/holdfast rolling/g, 'holdfast chaos --rolling');
}

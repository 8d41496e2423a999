let isBinary = false;

/**
 * After a call of this function, help and messages name the commands of the binary `holdfast`. Before the call, they name the scripts of
 * this repository.
 */
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
 * Replaces the script names in a text by the matching commands of the binary `holdfast`. Pure.
 *
 * @param {string} text @returns {string}
 */
export function asBinary(text) {
  return text
    .replace(/npm (?:run )?(start|dev|players|fleet|chaos|rolling|conformance)( --)?(?![\w:-])/g, 'holdfast $1')
    .replace(/holdfast rolling/g, 'holdfast chaos --rolling');
}

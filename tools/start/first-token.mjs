/** Minimum length of a token, in characters, as in the settings of a gateway. */
const TOKEN_CHARACTERS_MIN = 16;

/**
 * Returns the first token of an `ADMIN_TOKEN`, which may be a list such as `ada=TOKEN,bob=TOKEN`. The result has no name. `npm run fleet`
 * reads `ADMIN_TOKEN` by the same rule (`tools/fleet/src/target.ts`). Pure.
 *
 * @param {string} list
 */
export function firstToken(list) {
  const entries = list.split(/[,\r\n]+/).map((entry) => entry.trim());
  const first = entries.find((entry) => entry !== '') ?? '';
  const token = /^[A-Za-z0-9._-]{1,32}=(.+)$/.exec(first)?.[1];
  // A token may contain `=`, as the end of Base64 does. So the text before the first `=` is a name only when a long enough token follows.
  return token !== undefined && token.length >= TOKEN_CHARACTERS_MIN ? token : first;
}

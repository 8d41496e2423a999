/**
 * Replaces the user and the password of each address in a `REDIS_URL` by `***`. `npm start` also prints the address when nothing is built,
 * so it cannot use `redacted` of `libs/redis-url`. A test compares both functions. Pure.
 *
 * @param {string} url
 */
export function redacted(url) {
  return url.replace(/\/\/(?:(?!,\s*\w+:\/\/).)*@/gs, '//***@');
}

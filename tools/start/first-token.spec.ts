import { findTarget } from '../fleet/src/target.js';
import { firstToken } from './first-token.mjs';

describe('firstToken', () => {
  it.each([
    ['ada=the newest token of ada,bob=the token of bob', 'the newest token of ada'],
    ['\nthe newest token\nada=the token of ada', 'the newest token'],
    ['c2VjcmV0c2VjcmV0cw==', 'c2VjcmV0c2VjcmV0cw=='],
  ])('returns the first token of %j without its name, as npm run fleet does', (list, token) => {
    expect(firstToken(list)).toBe(token);
    expect(findTarget({}, { ADMIN_TOKEN: list }, '/none').token).toBe(token);
  });
});

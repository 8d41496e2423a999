import { PLAYER_NAME_CHARACTERS_MAX, ROOM_NAME_CHARACTERS_MAX } from '#libs/protocol';
import { nameFlaw } from './name-flaw.js';

describe('nameFlaw', () => {
  it.each([
    ['', PLAYER_NAME_CHARACTERS_MAX],
    ['x'.repeat(32), PLAYER_NAME_CHARACTERS_MAX],
    [`  ${'x'.repeat(48)}  `, ROOM_NAME_CHARACTERS_MAX],
    ['👩‍🚀'.repeat(20), ROOM_NAME_CHARACTERS_MAX],
  ])('returns null for the valid name %j', (name, charactersMax) => {
    expect(nameFlaw('The name', name, charactersMax)).toBeNull();
  });

  it('reports a name with too many visible characters or too many bytes', () => {
    expect(nameFlaw('The name', 'é'.repeat(33), 32)).toBe('The name has 33 characters: at most 32 are allowed.');
    expect(nameFlaw('The name', '👩‍🚀'.repeat(32), 32)).toBe('The name has 352 bytes: at most 256 are allowed.');
  });
});

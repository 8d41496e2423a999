import { hashOf, roomInHash } from './route.js';

describe('the address of a room', () => {
  it('names it, whatever its id is made of', () => {
    expect(roomInHash(hashOf('k4x9'))).toBe('k4x9');
    expect(roomInHash(hashOf('a/b c'))).toBe('a/b c');
  });

  it('is of no room when it makes no sense', () => {
    for (const hash of ['', '#', '#/', '#/room/', '#/room/a/b', '#/room/%E0%A4%A']) expect(roomInHash(hash)).toBeNull();
  });
});

import type { RoomId } from '#libs/protocol';
import { hashOf, roomInHash } from './route.js';

describe('the address of a room', () => {
  it('contains the room id, whatever its characters', () => {
    expect(roomInHash(hashOf('k4x9' as RoomId))).toBe('k4x9');
    expect(roomInHash(hashOf('a/b c' as RoomId))).toBe('a/b c');
  });

  it('names no room when it is malformed', () => {
    for (const hash of ['', '#', '#/', '#/room/', '#/room/a/b', '#/room/%E0%A4%A']) expect(roomInHash(hash)).toBeNull();
  });
});

import type { RoomId } from '#libs/protocol';
import { hashOf, inviteHash, linkedRoom } from './route.js';

describe('the address of a room', () => {
  it('contains the room id, even when the id has special characters', () => {
    expect(linkedRoom(hashOf('k4x9' as RoomId))).toEqual({ room: 'k4x9' });
    expect(linkedRoom(hashOf('a/b c' as RoomId))).toEqual({ room: 'a/b c' });
  });

  it('leads to no room when the address is malformed', () => {
    for (const hash of ['', '#', '#/', '#/room/', '#/room/a/b', '#/room/%E0%A4%A', '#/join/', '#/join/%'])
      expect(linkedRoom(hash)).toBeNull();
  });
});

describe('the address that a player shares', () => {
  it('contains the invite code when the room has an invite code', () => {
    const hash = inviteHash({ id: 'k4x9' as RoomId, code: 'AB-12' });
    expect(hash).toBe('#/join/AB-12');
    expect(linkedRoom(hash)).toEqual({ code: 'AB-12' });
  });

  it('contains the room id when the room has no invite code', () => {
    expect(linkedRoom(inviteHash({ id: 'k4x9' as RoomId }))).toEqual({ room: 'k4x9' });
  });
});

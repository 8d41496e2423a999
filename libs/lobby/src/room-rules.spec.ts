import { HoldfastError, type RoomId, type UserId } from '#libs/protocol';
import type { DocMember, RoomDoc, RoomRecord } from '#libs/room-store';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { absentees, cameBack, checkStart, join, leave, newRoom, setReady, wentAway, withClaims } from './room-rules.js';

const seats = { min: 2, max: 3 };

function member(user: string, change: Partial<DocMember> = {}): DocMember {
  return { user: user as UserId, name: user.toUpperCase(), readyRound: null, here: true, ...change };
}

function room(change: Partial<RoomDoc> = {}, record: Partial<RoomRecord> = {}): RoomRecord {
  const doc = roomDoc({ seats: 3, members: [member('ada'), member('bob', { readyRound: 4 })], ...change });
  return {
    id: 'r' as RoomId,
    game: 'g',
    gameVersion: null,
    doc,
    rev: 1,
    status: 'waiting',
    since: 0,
    round: 4,
    start: null,
    owner: null,
    epoch: 0,
    version: 0,
    hasFailedSetup: false,
    durability: 'every-change',
    result: null,
    ...record,
  };
}

/** Returns the code with which `act` is refused. Null: `act` is not refused. */
function refusal(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}

describe('the claims of a member', () => {
  const ada = { user: 'ada' as UserId, name: 'Ada', claims: { rank: 1 } };

  it('are stored for the host and for each member who joins', () => {
    expect(newRoom(ada, { seats }, 5).members).toMatchObject([{ user: 'ada', claims: { rank: 1 } }]);
    const eve = { user: 'eve' as UserId, name: 'Eve', claims: { rank: 2 } };
    expect(join(room(), eve).members.at(-1)).toMatchObject({ user: 'eve', claims: { rank: 2 } });
  });

  it('are replaced by the claims of the next login', () => {
    const first = join(room(), ada);
    expect(first.members[0]).toMatchObject({ user: 'ada', claims: { rank: 1 } });
    expect(withClaims(first, ada)).toBe(first);
    expect(withClaims(first, { user: ada.user }).members[0]).not.toHaveProperty('claims');
  });
});

describe('a new room', () => {
  it.each([
    [undefined, 3],
    [2, 2],
    [3, 3],
  ])('with %p requested seats has %p seats', (wanted, expected) => {
    expect(newRoom({ user: 'ada' as UserId, name: 'Ada' }, { seats, wanted }, 5)).toMatchObject({
      seats: expected,
      seatsMin: 2,
      createdAt: 5,
    });
  });

  it.each([0, 1, 4])('is refused with %p requested seats', (wanted) => {
    expect(refusal(() => newRoom({ user: 'ada' as UserId, name: 'Ada' }, { seats, wanted }, 5))).toBe('bad-data');
  });

  it('has its creator as host and only member', () => {
    const doc = newRoom({ user: 'ada' as UserId, name: 'Ada' }, { seats, name: '   ' }, 5);
    expect(doc).toMatchObject({
      host: 'ada',
      name: "Ada's room",
      private: false,
      members: [{ user: 'ada', readyRound: null, here: true }],
    });
    expect(newRoom({ user: 'ada' as UserId, name: 'Ada' }, { seats, name: ' mine ', private: true }, 5)).toMatchObject({
      name: 'mine',
      private: true,
    });
  });
});

describe('a user who joins a waiting room', () => {
  it('becomes the last member', () => {
    expect(join(room(), { user: 'cy' as UserId, name: 'Cy' }).members.map(({ user }) => user)).toEqual(['ada', 'bob', 'cy']);
  });

  it.each([
    ['room-full', room({ seats: 2 })],
    ['room-playing', room({}, { status: 'playing' })],
    ['room-playing', room({}, { status: 'starting' })],
  ])('is refused with the code %s', (code, record) => {
    expect(refusal(() => join(record, { user: 'cy' as UserId, name: 'Cy' }))).toBe(code);
  });

  it('changes nothing when the user is already a member, even in a full room', () => {
    for (const record of [room({ seats: 2 }), room({}, { status: 'playing' })]) {
      expect(join(record, { user: 'bob' as UserId, name: 'Bob' })).toBe(record.doc);
    }
  });

  it('is marked as present when the user is a member who was away', () => {
    const record = room({ members: [member('ada'), member('bob', { here: false })] }, { status: 'playing' });
    expect(join(record, { user: 'bob' as UserId, name: 'Bob' }).members[1].here).toBe(true);
  });
});

describe('a user who leaves a room', () => {
  it.each([
    ['does not change the host when the host stays', 'bob', [member('ada'), member('bob')], 'ada'],
    ['makes the next member the host', 'ada', [member('ada'), member('bob'), member('cy')], 'bob'],
    ['makes the next member who is present the host', 'ada', [member('ada'), member('bob', { here: false }), member('cy')], 'cy'],
    ['makes a member who is away the host when no member is present', 'ada', [member('ada'), member('bob', { here: false })], 'bob'],
  ])('%s', (_, user, members, host) => {
    const doc = leave(room({ members }), user as UserId);
    expect(doc?.host).toBe(host);
    expect(doc?.members).toHaveLength(members.length - 1);
  });

  it('causes the removal of the room when no member remains', () => {
    expect(leave(room({ members: [member('ada')] }), 'ada' as UserId)).toBeNull();
  });

  it('is refused when the user is not a member', () => {
    expect(refusal(() => leave(room(), 'cy' as UserId))).toBe('not-in-room');
  });
});

describe('the away state of a member', () => {
  const away = (ms: number) => wentAway(room(), 'bob' as UserId, ms);

  it('begins with the first report and ends when the member returns', () => {
    const once = away(1_000);
    expect(once.members[1]).toMatchObject({ user: 'bob', here: false, awaySince: 1_000 });
    expect(wentAway(room({ members: once.members }), 'bob' as UserId, 9_000)).toMatchObject({ members: once.members });
    expect(cameBack(room({ members: once.members }), 'bob' as UserId).members).toEqual(room().doc.members);
    const { doc, ...rest } = room();
    expect(cameBack({ ...rest, doc }, 'bob' as UserId)).toBe(doc);
  });

  it('depends only on the report with the highest request order, even when reports arrive in another order', () => {
    const at = (turn: number, number: number) => ({ turn, number });
    const gone = wentAway(room(), 'bob' as UserId, 1_000, at(7, 2));
    expect(cameBack(room({ members: gone.members }), 'bob' as UserId, at(7, 1))).toMatchObject({ members: gone.members });
    expect(cameBack(room({ members: gone.members }), 'bob' as UserId, at(6, 9))).toMatchObject({ members: gone.members });
    const back = cameBack(room({ members: gone.members }), 'bob' as UserId, at(8, 1));
    expect(back.members[1]).toMatchObject({ here: true });
    expect(wentAway(room({ members: back.members }), 'bob' as UserId, 2_000, at(7, 3))).toMatchObject({ members: back.members });
    expect(wentAway(room({ members: back.members }), 'bob' as UserId, 2_000, at(8, 2)).members[1]).toMatchObject({ here: false });
    // Only the gateway of the user knows the number of the admission. Other servers send no number.
    expect(wentAway(room({ members: back.members }), 'bob' as UserId, 2_000).members[1]).toMatchObject({ here: false });
  });

  it('is reported by `absentees` only while no game runs', () => {
    const { members } = away(1_000);
    expect(absentees(room({ members }))).toEqual([{ user: 'bob', awaySince: 1_000 }]);
    expect(absentees(room())).toEqual([]);
    expect(absentees(room({ members }, { status: 'playing' }))).toEqual([]);
  });

  it('cannot be recorded for a user who is not a member', () => {
    expect(refusal(() => cameBack(room(), 'cy' as UserId))).toBe('not-in-room');
    expect(refusal(() => wentAway(room(), 'cy' as UserId, 1))).toBe('not-in-room');
  });
});

describe('the readiness of a member', () => {
  it('is valid for only one round', () => {
    expect(setReady(room(), 'ada' as UserId, true).members[0].readyRound).toBe(4);
    expect(setReady(room(), 'bob' as UserId, false).members[1].readyRound).toBeNull();
    expect(refusal(() => checkStart(room(), 'ada' as UserId))).toBeNull();
    expect(refusal(() => checkStart(room({}, { round: 5 }), 'ada' as UserId))).toBe('not-ready');
  });

  it('cannot change during a start or a game', () => {
    expect(refusal(() => setReady(room(), 'cy' as UserId, true))).toBe('not-in-room');
    expect(refusal(() => setReady(room({}, { status: 'starting' }), 'ada' as UserId, true))).toBe('room-playing');
  });
});

describe('the start of a game by the rules of a room', () => {
  it('makes all members players in the order of the list of members, even a host who is not ready', () => {
    expect(checkStart(room(), 'ada' as UserId).map(({ user }) => user)).toEqual(['ada', 'bob']);
  });

  it.each([
    ['not-in-room', 'cy', room()],
    ['not-owner', 'bob', room()],
    ['too-few-players', 'ada', room({ members: [member('ada')] })],
    ['not-ready', 'ada', room({ members: [member('ada'), member('bob')] })],
    ['room-playing', 'ada', room({}, { status: 'starting' })],
    ['room-playing', 'ada', room({}, { status: 'playing' })],
  ])('is refused with the code %s', (code, user, record) => {
    expect(refusal(() => checkStart(record, user as UserId))).toBe(code);
  });
});

describe('a user who joins a running game', () => {
  const GRACE = { seatGraceMs: 1_000 };
  const eve = { user: 'eve' as UserId, name: 'Eve' };
  const players = (...users: string[]) => users as UserId[];
  const playing = (change: Partial<RoomDoc> = {}, record: Partial<RoomRecord> = {}) =>
    room({ players: players('ada', 'bob'), ...change }, { status: 'playing', ...record });

  it('gets a new seat after the last seat', () => {
    const doc = join(playing(), eve, GRACE, 0);
    expect(doc.players).toEqual(['ada', 'bob', 'eve']);
    expect(doc.members.at(-1)).toEqual({ ...eve, readyRound: null, here: true });
  });

  it("gets the user's former seat, or the free seat of a player who has left", () => {
    const left = { players: players('zoe', 'ada', 'eve'), members: [member('ada')] };
    expect(join(playing(left), { user: 'max' as UserId, name: 'Max' }, GRACE, 0).players).toEqual(['max', 'ada', 'eve']);
    expect(join(playing(left), eve, GRACE, 0).players).toEqual(['zoe', 'ada', 'eve']);
  });

  it('gets, after the grace period, the seat of the player who has been away longest', () => {
    const away = (user: string, awaySince: number) => member(user, { here: false, awaySince });
    const full = playing({ seats: 3, players: players('ada', 'bob', 'cy'), members: [member('ada'), away('bob', 200), away('cy', 100)] });
    expect(refusal(() => join(full, eve, GRACE, 1_100))).toBe('room-full');
    const doc = join(full, eve, GRACE, 1_101);
    expect(doc.players).toEqual(['ada', 'bob', 'eve']);
    expect(doc.members.map(({ user }) => user)).toEqual(['ada', 'bob', 'eve']);
  });

  it('is refused when the room is full or locked or the game is not joinable', () => {
    expect(refusal(() => join(playing({ seats: 2 }), eve, GRACE, 0))).toBe('room-full');
    expect(refusal(() => join(playing({}, { isLocked: true }), eve, GRACE, 0))).toBe('room-locked');
    expect(refusal(() => join(playing(), eve, null, 0))).toBe('room-playing');
    expect(refusal(() => join(playing({}, { status: 'starting' }), eve, GRACE, 0))).toBe('room-playing');
  });

  it('becomes the host of a room that all members have left', () => {
    expect(join(playing({ members: [] }), eve, GRACE, 0).host).toBe('eve');
  });
});

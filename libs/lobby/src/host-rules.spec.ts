import { HoldfastError, type RoomId, type UserId } from '#libs/protocol';
import type { DocMember, RoomDoc, RoomRecord } from '#libs/room-store';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { type EntryPass, NO_PASS, refuseSpectator } from './entry-pass.js';
import { asHost, handOver, kick, replaceGoneHost, unban, update } from './host-rules.js';
import { HOST_GRACE_MS, KICKED_MAX, START_AWAY_MS } from './lobby.options.js';
import { checkStart, join } from './room-rules.js';
import { balance, moveToTeam } from './team-rules.js';

const [ada, bob, cyd, dan] = ['ada', 'bob', 'cyd', 'dan'] as UserId[];
const NOW = 1_000_000;

function member(user: UserId, change: Partial<DocMember> = {}): DocMember {
  return { user, name: user.toUpperCase(), readyRound: null, here: true, ...change };
}

/** A room with the host Ada and these members. */
function room(members: readonly DocMember[], change: Partial<RoomDoc> = {}, record: Partial<RoomRecord> = {}): RoomRecord {
  const base = { id: 'r' as RoomId, game: 'g', gameVersion: null, rev: 1, since: 0, start: null, owner: null, epoch: 0, version: 0 };
  return {
    ...base,
    status: 'waiting',
    round: 0,
    hasFailedSetup: false,
    durability: 'every-change',
    result: null,
    doc: roomDoc({ seats: 4, members, ...change }),
    ...record,
  };
}

const away = (ms: number): Partial<DocMember> => ({ here: false, awaySince: NOW - ms });

function refusal(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}

describe('the host of a room', () => {
  it('is the only member who may start the game, change the room or remove members', () => {
    const both = room([member(ada), member(bob)]);
    expect(asHost(both, ada, NOW)).toBe(both.doc);
    expect(refusal(() => asHost(both, bob, NOW))).toBe('not-owner');
    expect(refusal(() => asHost(both, cyd, NOW))).toBe('not-in-room');
  });

  it('is replaced after the grace period by the first member who is present', () => {
    const gone = room([member(ada, away(HOST_GRACE_MS)), member(bob, away(1)), member(cyd), member(dan)]);
    expect(asHost(gone, cyd, NOW).host).toBe(cyd);
    expect(refusal(() => asHost(gone, dan, NOW))).toBe('not-owner');
    expect(replaceGoneHost(gone, NOW).host).toBe(cyd);
    const recent = room([member(ada, away(HOST_GRACE_MS - 1)), member(cyd)]);
    expect(refusal(() => asHost(recent, cyd, NOW))).toBe('not-owner');
    expect(replaceGoneHost(recent, NOW)).toBe(recent.doc);
  });

  it('remains the host after the grace period when no other member is present', () => {
    const empty = room([member(ada, away(HOST_GRACE_MS)), member(bob, away(HOST_GRACE_MS))]);
    expect(replaceGoneHost(empty, NOW)).toBe(empty.doc);
  });

  it('may pass the role of host only to a member who is present', () => {
    const all = room([member(ada), member(bob), member(cyd, away(1))]);
    expect(handOver(all, ada, bob, NOW).host).toBe(bob);
    expect(refusal(() => handOver(all, ada, cyd, NOW))).toBe('member-away');
    expect(refusal(() => handOver(all, ada, dan, NOW))).toBe('not-a-member');
    expect(refusal(() => handOver(all, bob, bob, NOW))).toBe('not-owner');
  });
});

describe('the removal of a member', () => {
  it('lets the member join again, and the join deletes the record of the removal', () => {
    const before = room([member(ada), member(bob, away(1))], { players: [ada, bob] }, { status: 'playing' });
    const doc = kick(before, ada, bob, false, NOW);
    expect(doc).toMatchObject({ members: [{ user: ada }], kicked: [bob], players: [ada, bob] });
    expect(kick({ ...before, doc }, ada, bob, false, NOW)).toBe(doc);
    const back = join({ ...before, status: 'waiting', doc }, { user: bob, name: 'Bob' });
    expect(back.members).toHaveLength(2);
    expect(back.kicked).toBeUndefined();
  });

  it('with a ban, prevents the user from joining or watching the room until the host lifts the ban', () => {
    const before = room([member(ada), member(bob)]);
    const banned = { ...before, doc: kick(before, ada, bob, true, NOW) };
    expect(banned.doc.banned).toEqual([{ user: bob, name: 'BOB' }]);
    expect(refusal(() => join(banned, { user: bob, name: 'Bob' }))).toBe('banned');
    expect(refusal(() => refuseSpectator(banned, bob, NO_PASS))).toBe('banned');
    const lifted = { ...banned, doc: unban(banned, ada, bob, NOW) };
    expect(lifted.doc).not.toHaveProperty('banned');
    expect(refusal(() => join(lifted, { user: bob, name: 'Bob' }))).toBeNull();
  });

  it('is refused for a user who is not in the room, unless the host also bans the user', () => {
    const alone = room([member(ada)]);
    expect(refusal(() => kick(alone, ada, bob, false, NOW))).toBe('not-a-member');
    expect(kick(alone, ada, bob, true, NOW).banned).toEqual([{ user: bob }]);
  });

  it('is refused for the host', () => {
    const both = room([member(ada), member(bob)]);
    expect(refusal(() => kick(both, ada, ada, false, NOW))).toBe('bad-data');
    expect(refusal(() => kick(both, bob, ada, false, NOW))).toBe('not-owner');
  });

  it('replaces the oldest entry when the list of removed members is full', () => {
    const many = Array.from({ length: KICKED_MAX }, (_, index) => `old-${index}` as UserId);
    expect(kick(room([member(ada), member(bob)], { kicked: many }), ada, bob, false, NOW).kicked).toEqual([...many.slice(1), bob]);
  });
});

describe('an update of a room', () => {
  it('changes only the fields in the request', () => {
    const before = room([member(ada), member(bob, { readyRound: 0 })], { password: 'old', watch: 'nobody', locked: true });
    expect(update(before, ada, { name: ' New ' }, NOW)).toEqual({ ...before.doc, name: 'New' });
    const open = update(before, ada, { password: null, watch: 'anyone', locked: false }, NOW);
    for (const field of ['password', 'watch', 'locked']) expect(open).not.toHaveProperty(field);
  });

  it('makes all members unready when the options change', () => {
    const before = room([member(ada), member(bob, { readyRound: 0 })], { options: { map: 'sea' } });
    const doc = update(before, ada, { options: { map: 'land' } }, NOW);
    expect(doc.options).toEqual({ map: 'land' });
    expect(doc.members.map(({ readyRound }) => readyRound)).toEqual([null, null]);
  });

  it('is refused when it changes the options or the delay during a game', () => {
    const playing = room([member(ada)], {}, { status: 'playing' });
    expect(refusal(() => update(playing, ada, { options: {} }, NOW))).toBe('room-playing');
    expect(refusal(() => update(playing, ada, { watchDelayMs: 0 }, NOW))).toBe('room-playing');
    expect(refusal(() => update(playing, ada, { locked: true }, NOW))).toBeNull();
  });

  it('keeps the invite code of the room', () => {
    expect(update(room([member(ada)], { code: 'A' }), ada, { private: true, code: 'B' }, NOW).code).toBe('A');
    expect(update(room([member(ada)]), ada, { private: true, code: 'B' }, NOW)).toMatchObject({ code: 'B', private: true });
  });
});

describe('the entry of a player or spectator', () => {
  const enter = (change: Partial<RoomDoc>, pass: EntryPass) =>
    refusal(() => join(room([member(ada)], change), { user: bob, name: 'Bob' }, null, 0, pass));
  const look = (change: Partial<RoomDoc>, pass: EntryPass) => refusal(() => refuseSpectator(room([member(ada)], change), bob, pass));
  const invited = { isInvited: true, password: null };

  it('needs the invite code of a room that only invited players may join', () => {
    expect(enter({ inviteOnly: true }, NO_PASS)).toBe('invite-needed');
    expect(enter({ inviteOnly: true }, invited)).toBeNull();
  });

  it('needs the current password of the room', () => {
    expect(enter({ password: 'stored' }, NO_PASS)).toBe('password-needed');
    expect(enter({ password: 'stored' }, { isInvited: true, password: 'earlier' })).toBe('password-needed');
    expect(enter({ password: 'stored' }, { isInvited: false, password: 'stored' })).toBeNull();
    expect(look({ password: 'stored' }, NO_PASS)).toBe('password-needed');
  });

  it('is refused while the room is locked', () => {
    expect(enter({ locked: true }, invited)).toBe('room-locked');
  });

  it.each([
    [undefined, null, null],
    ['members', 'no-spectators', null],
    ['nobody', 'no-spectators', 'no-spectators'],
  ] as const)(
    'with the setting `watch` %j, gives a spectator the result %j without the invite code and %j with the code',
    (watch, stranger, guest) => {
      expect(look({ watch }, NO_PASS)).toBe(stranger);
      expect(look({ watch }, invited)).toBe(guest);
    },
  );
});

describe('the start of a game', () => {
  it('excludes a member who is not ready and has been away for some seconds', () => {
    const waits = room([member(ada), member(bob, { readyRound: 0 }), member(cyd, away(START_AWAY_MS - 1))]);
    expect(refusal(() => checkStart(waits, ada, { now: NOW }))).toBe('not-ready');
    const begins = room([member(ada), member(bob, { readyRound: 0 }), member(cyd, away(START_AWAY_MS))]);
    expect(checkStart(begins, ada, { now: NOW }).map(({ user }) => user)).toEqual([ada, bob]);
  });

  it('includes a member who went away after becoming ready', () => {
    const all = room([member(ada), member(bob, { readyRound: 0, ...away(60_000) })]);
    expect(checkStart(all, ada, { now: NOW })).toHaveLength(2);
  });

  it('is refused with too few players', () => {
    expect(refusal(() => checkStart(room([member(ada), member(bob, away(60_000))]), ada, { now: NOW }))).toBe('too-few-players');
  });

  it("does not need the host's request when all members have agreed to a rematch", () => {
    const agreed = room([member(ada, { readyRound: 0 }), member(bob, { readyRound: 0 })]);
    expect(refusal(() => checkStart(agreed, bob, { now: NOW }))).toBe('not-owner');
    expect(checkStart(agreed, bob, { now: NOW, isAgreed: true })).toHaveLength(2);
    const waits = room([member(ada), member(bob, { readyRound: 0 })]);
    expect(refusal(() => checkStart(waits, bob, { now: NOW, isAgreed: true }))).toBe('not-ready');
  });
});

describe('the teams of a room', () => {
  const teams = { count: 2, size: 2 };
  const sizesOf = ({ members }: RoomDoc) => [0, 1].map((team) => members.filter((one) => one.team === team).length);

  it('receive a new member in the smallest team', () => {
    const before = room([member(ada, { team: 0 })], { teams });
    expect(join(before, { user: bob, name: 'Bob' }).members[1]).toMatchObject({ user: bob, team: 1 });
  });

  it('can be chosen by each member, or by the host for any member', () => {
    const before = room([member(ada, { team: 0 }), member(bob, { team: 1 })], { teams });
    expect(moveToTeam(before, bob, 0, bob, NOW).members[1]!.team).toBe(0);
    expect(moveToTeam(before, ada, 0, bob, NOW).members[1]!.team).toBe(0);
    expect(refusal(() => moveToTeam(before, bob, 1, ada, NOW))).toBe('not-owner');
    expect(refusal(() => moveToTeam(before, ada, 2, ada, NOW))).toBe('bad-data');
    expect(refusal(() => moveToTeam(before, ada, 1, cyd, NOW))).toBe('not-a-member');
    expect(refusal(() => moveToTeam(room([member(ada)]), ada, 0, ada, NOW))).toBe('no-teams');
  });

  it('have a maximum size', () => {
    const full = room([member(ada, { team: 0 }), member(bob, { team: 1 }), member(cyd, { team: 1 })], { teams });
    expect(refusal(() => moveToTeam(full, ada, 1, ada, NOW))).toBe('team-full');
  });

  it('are balanced by moving as few members as possible', () => {
    const before = room([member(ada, { team: 0 }), member(bob, { team: 0 }), member(cyd, { team: 0 }), member(dan)], { teams });
    const doc = balance(before, ada, NOW);
    expect(sizesOf(doc)).toEqual([2, 2]);
    expect(doc.members.map(({ team }) => team)).toEqual([0, 0, 1, 1]);
    expect(balance({ ...before, doc }, ada, NOW)).toBe(doc);
  });

  it('cannot change during a game', () => {
    const playing = room([member(ada, { team: 0 })], { teams }, { status: 'playing' });
    expect(refusal(() => moveToTeam(playing, ada, 1, ada, NOW))).toBe('room-playing');
    expect(refusal(() => balance(playing, ada, NOW))).toBe('room-playing');
  });
});

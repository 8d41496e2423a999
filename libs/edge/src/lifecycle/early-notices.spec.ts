import type { RoomId, SessionId, UserId } from '#libs/protocol';
import type { SessionNotice } from '#libs/session';
import { EarlyNotices } from './early-notices.js';

const S = 's' as SessionId;
const replaced: SessionNotice = { kind: 'replaced', session: S };
const bind: SessionNotice = { kind: 'bind', user: 'ada' as UserId, session: S, room: 'r' as RoomId, role: 'player', rev: 1 };

describe('the buffer of early notices', () => {
  it('returns each notice only once, and only when the notice arrived after the hello', () => {
    const early = new EarlyNotices();
    early.add(S, replaced, 1_000);
    early.add(S, bind, 2_000);
    expect(early.take(S, 1_500)).toEqual([bind]);
    expect(early.take(S, 0)).toEqual([]);
  });

  it('drops the oldest notices when it is full, and drops each notice that has expired', () => {
    const early = new EarlyNotices();
    for (let index = 0; index < 5_000; index++) early.add(`s${index}` as SessionId, bind, index / 1_000);
    expect(early.take('s0' as SessionId, 0)).toEqual([]);
    expect(early.take('s4999' as SessionId, 0)).toEqual([bind]);
    early.add(S, bind, 60_000);
    expect(early.take('s4998' as SessionId, 0)).toEqual([]);
  });
});

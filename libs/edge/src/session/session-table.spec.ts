import type { SessionId, UserId } from '#libs/protocol';
import type { Metrics } from '#libs/telemetry';
import { SessionTable } from './session-table.js';

function newTable() {
  const counts: number[] = [];
  const metrics = { sessions: { set: (count: number) => counts.push(count) } } as unknown as Metrics;
  return { table: new SessionTable(metrics), counts };
}

const add = (table: SessionTable, id: string, user = `u-${id}`) => table.add(id as SessionId, user as UserId, id);

describe('the table of sessions', () => {
  it('finds a session by its id, its user and its handle', () => {
    const { table, counts } = newTable();
    const [a, b] = [add(table, 'a'), add(table, 'b')];
    expect(a.handle).not.toBe(b.handle);
    for (const session of [a, b]) {
      expect(table.get(session.id)).toBe(session);
      expect(table.ofUser(session.user)).toBe(session);
      expect(table.withHandle(session.handle)).toBe(session);
    }
    expect([...table.all()]).toEqual([a, b]);
    table.remove(a);
    expect([table.get(a.id), table.ofUser(a.user), table.withHandle(a.handle)]).toEqual([undefined, undefined, undefined]);
    expect([table.size, counts]).toEqual([1, [1, 2, 1]]);
  });

  it('never gives the same handle to two sessions, even after the highest handle number', () => {
    const { table } = newTable();
    const first = add(table, 'first');
    (table as unknown as { nextHandle: number }).nextHandle = 0xffff_ffff;
    const last = add(table, 'last');
    const next = add(table, 'next');
    expect([first.handle, last.handle, next.handle]).toEqual([1, 0xffff_ffff, 2]);
  });

  it('keeps the later session of a user when the earlier session is removed', () => {
    const { table } = newTable();
    const [earlier, later] = [add(table, 'earlier', 'ada'), add(table, 'later', 'ada')];
    table.remove(earlier);
    expect(table.ofUser('ada' as UserId)).toBe(later);
    table.remove(earlier);
    expect(table.size).toBe(1);
  });

  it('stops the timers of a session that is removed', () => {
    jest.useFakeTimers();
    const { table } = newTable();
    const session = add(table, 'a');
    let isGone = false;
    session.graceTimers = [
      setTimeout(() => {
        isGone = true;
      }, 1_000),
    ];
    table.remove(session);
    jest.advanceTimersByTime(2_000);
    jest.useRealTimers();
    expect(isGone).toBe(false);
  });
});

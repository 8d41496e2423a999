import type { RoomId, UserId } from '#libs/protocol';
import { haveSameHiddenClass } from '../../../tools/fixtures/hidden-class.fixture.js';
import { COUNTING } from '../../../tools/fixtures/room-rules.fixture.js';
import { RoomMachine } from './room-machine.js';
import type { RoomRules } from './room-rules.js';
import type { Change, RoomValue } from './room-value.js';

// A server reads each change in many places. If each change had a hidden class of its own, all these reads would be slow: in the benchmark
// `room`, a game server then needed twice the CPU per command.
describe('the changes of a room', () => {
  it('have the same hidden class of V8 when they come from the same command', () => {
    const [first, second] = twoChanges();
    expect(first.version).not.toBe(second.version);
    expect(haveSameHiddenClass(first, second)).toBe(true);
  });
});

/** Returns two changes after V8 has optimized the code that makes them. */
function twoChanges(): [Change, Change] {
  const machine = new RoomMachine(COUNTING as unknown as RoomRules<{ count: number }>, { now: () => 1_000, random: () => 0.5 });
  const players = ['ann', 'bob'].map((name) => ({ user: name as UserId, name }));
  let { value }: { value: RoomValue<{ count: number }> } = machine.start('r1' as RoomId, players);
  const changes: Change[] = [];
  for (let seq = 1; seq <= 1_000; seq++) {
    const outcome = machine.handle(value, { kind: 'command', seat: 0, seq, name: 'add', data: null });
    if (outcome.kind !== 'changed') throw new Error(`The command ended as ${outcome.kind}.`);
    value = outcome.value;
    changes.push(outcome.change);
  }
  return changes.slice(-2) as [Change, Change];
}

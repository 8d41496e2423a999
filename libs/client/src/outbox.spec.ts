import { HoldfastError } from '#libs/protocol';
import { Outbox } from './outbox.js';

/** Adds a command. `fate` returns its outcome: `open`, `applied`, or the code of the refusal. */
function add(outbox: Outbox, name = 'x'): { seq: number; fate: () => string } {
  const { seq, answered } = outbox.add(name, undefined);
  let fate = 'open';
  answered.then(
    () => {
      fate = 'applied';
    },
    (error: HoldfastError) => {
      fate = error.code;
    },
  );
  return { seq, fate: () => fate };
}

const settled = (outbox: Outbox): (number | undefined)[] => outbox.takeFrom(0).map((command) => command.settled);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the outbox of a client', () => {
  it('reports the highest command number up to which every command has an answer', () => {
    const outbox = new Outbox();
    for (let count = 0; count < 4; count++) add(outbox).fate();
    expect(outbox.takeFrom(0).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(settled(outbox)).toEqual([0, 0, 0, 0]);
    outbox.refuse(3, new HoldfastError('x'));
    expect(settled(outbox)).toEqual([0, 0, 0]);
    outbox.settle(1);
    expect(settled(outbox)).toEqual([1, 1]);
    outbox.settle(2);
    expect(settled(outbox)).toEqual([3]);
    expect(outbox.oldest).toBe(4);
  });

  it('treats an acknowledgement as the answer to all earlier commands that were not refused', async () => {
    const outbox = new Outbox();
    const fates = [add(outbox), add(outbox), add(outbox)];
    outbox.refuse(2, new HoldfastError('not-your-turn'));
    outbox.settle(3);
    await tick();
    expect(fates.map(({ fate }) => fate())).toEqual(['applied', 'not-your-turn', 'applied']);
  });

  it('continues the command numbers of an earlier instance of the client', () => {
    const outbox = new Outbox();
    outbox.align(7);
    expect(add(outbox).seq).toBe(8);
  });

  it('uses new numbers after a rewind, and repeats the unanswered commands', async () => {
    const outbox = new Outbox();
    add(outbox);
    add(outbox);
    outbox.settle(2);
    const open = add(outbox);
    outbox.takeFrom(3);
    outbox.align(0);
    expect(outbox.repeat()).toMatchObject([{ seq: 3, settled: 2 }]);
    // After the rewind, the last command of the room is earlier than the last acknowledged command.
    outbox.settle(0);
    await tick();
    expect(open.fate()).toBe('open');
    outbox.settle(3);
    await tick();
    expect(open.fate()).toBe('applied');
    expect(add(outbox).seq).toBe(4);
  });

  it('ignores the first five `busy` refusals of a repeated command, but rejects a new command at its first refusal', async () => {
    const outbox = new Outbox();
    const busy = new HoldfastError('busy');
    const [once, twice] = [add(outbox), add(outbox)];
    outbox.takeFrom(1);
    outbox.rejected(1, busy);
    outbox.takeFrom(2);
    for (let count = 0; count < 5; count++) outbox.rejected(2, busy);
    await tick();
    expect([once.fate(), twice.fate()]).toEqual(['busy', 'open']);
    outbox.rejected(2, busy);
    await tick();
    expect(twice.fate()).toBe('busy');
  });

  it('rejects a repeated command when the room refuses the command', async () => {
    const outbox = new Outbox();
    const refused = add(outbox);
    outbox.takeFrom(1);
    outbox.takeFrom(1);
    outbox.rejected(1, new HoldfastError('not-your-turn'));
    await tick();
    expect(refused.fate()).toBe('not-your-turn');
  });
});

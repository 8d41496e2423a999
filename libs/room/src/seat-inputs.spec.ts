import type { SeatValue } from './room-value.js';
import { type SampledInput, SeatInputs } from './seat-inputs.js';

const SEATS = [{ input: 7 }, {}] as unknown as readonly SeatValue[];
const validate = (data: unknown) => (data === 'invalid' ? { ok: false as const, message: 'no' } : { ok: true as const, value: data });

function newInputs(queue: number) {
  const counted: string[] = [];
  const inputs = new SeatInputs(queue, SEATS, { taken: () => counted.push('taken'), dropped: (reason) => counted.push(reason) });
  const step = () => (inputs.sample(validate) as readonly (SampledInput | undefined)[]).map((held) => held && [held.number, held.data]);
  return { inputs, counted, step };
}

describe('SeatInputs', () => {
  it('gives each step the latest player input until a newer one arrives', () => {
    const { inputs, counted, step } = newInputs(0);
    inputs.take(0, 8, 'a');
    inputs.take(0, 9, 'b');
    expect(step()).toEqual([[9, 'b']]);
    expect(step()).toEqual([[9, 'b']]);
    inputs.take(0, 10, 'c');
    expect(step()).toEqual([[10, 'c']]);
    expect(counted).toEqual(['replaced', 'taken', 'taken']);
  });

  it('gives each step the next player input of a queue', () => {
    const { inputs, counted, step } = newInputs(2);
    for (const [index, data] of ['a', 'b', 'c'].entries()) inputs.take(1, index + 1, data);
    expect([step()[1], step()[1], step()[1]]).toEqual([
      [2, 'b'],
      [3, 'c'],
      [3, 'c'],
    ]);
    expect(counted).toEqual(['too-many', 'taken', 'taken']);
  });

  it('drops a player input whose number is not above the last number of the seat', () => {
    const { inputs, counted, step } = newInputs(0);
    inputs.take(0, 7, 'sampled by an earlier owner');
    expect(step()).toEqual([]);
    inputs.take(0, 9, 'a');
    inputs.take(0, 8, 'overtaken');
    inputs.take(0, 9, 'repeated');
    expect(step()).toEqual([[9, 'a']]);
    expect(counted).toEqual(['old', 'old', 'old', 'taken']);
  });

  it('keeps the previous player input when the next one is invalid', () => {
    const { inputs, counted, step } = newInputs(0);
    inputs.take(0, 8, 'a');
    step();
    inputs.take(0, 9, 'invalid');
    expect(step()).toEqual([[8, 'a']]);
    expect(counted).toEqual(['taken', 'invalid']);
  });

  it('returns no player input for a seat after `release` until a newer one arrives', () => {
    const { inputs, counted, step } = newInputs(4);
    inputs.take(0, 8, 'a');
    step();
    inputs.take(0, 9, 'b');
    inputs.take(0, 10, 'c');
    inputs.release(0);
    expect(step()).toEqual([undefined]);
    inputs.take(0, 10, 'late copy');
    inputs.take(0, 11, 'd');
    expect(step()).toEqual([[11, 'd']]);
    expect(counted).toEqual(['taken', 'old', 'old', 'old', 'taken']);
  });

  it('freezes the data of a player input', () => {
    const { inputs } = newInputs(0);
    inputs.take(0, 8, { keys: ['up'] });
    const [held] = inputs.sample(validate);
    expect(() => (held!.data as { keys: string[] }).keys.push('down')).toThrow(TypeError);
  });
});

import { StepSlots } from './step-slots.js';

function taken(slots: StepSlots, rooms: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let room = 0; room < rooms; room++) {
    const phase = slots.take();
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
  }
  return counts;
}

describe('StepSlots', () => {
  it('puts up to four rooms into one slot while the server has few rooms', () => {
    const counts = taken(new StepSlots(50), 24);
    expect([...counts.values()]).toEqual([4, 4, 4, 4, 4, 4]);
  });

  it('spreads the used slots over the period', () => {
    const phases = [...taken(new StepSlots(50), 16).keys()].sort((a, b) => a - b);
    const gaps = phases.map((phase, index) => (phases[index + 1] ?? phases[0]! + 50) - phase);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(20);
  });

  it('puts equally many rooms into every slot on a server with many rooms', () => {
    const counts = taken(new StepSlots(50), 500);
    expect([counts.size, Math.min(...counts.values()), Math.max(...counts.values())]).toEqual([25, 20, 20]);
  });

  it('gives the slot of a removed room to the next room', () => {
    const slots = new StepSlots(50);
    const first = slots.take();
    for (let room = 1; room < 8; room++) slots.take();
    slots.free(first);
    expect(slots.take()).toBe(first);
  });

  it('has only one slot when the period is shorter than two slots', () => {
    expect([...taken(new StepSlots(3), 9)]).toEqual([[0, 9]]);
  });
});

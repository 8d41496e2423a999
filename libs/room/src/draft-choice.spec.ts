import { DraftChoice } from './draft-choice.js';

/**
 * Makes `runs` choices for a state of `sizes.parts` parts, of which each handler changes `sizes.changed`. Returns how often each kind of
 * draft was chosen.
 */
function choices(draft: DraftChoice, sizes: { parts: number; changed: number }, runs: number): { copy: number; proxy: number } {
  const counts = { copy: 0, proxy: 0 };
  for (let run = 0; run < runs; run++) {
    const mode = draft.next();
    counts[mode]++;
    if (mode === 'copy') draft.note(sizes);
  }
  return counts;
}

describe('the kind of draft that a room chooses', () => {
  it('is a copy for a small state, or for handlers that change a large part of the state', () => {
    expect(choices(new DraftChoice('auto'), { parts: 1_000, changed: 800 }, 500)).toEqual({ copy: 500, proxy: 0 });
    expect(choices(new DraftChoice('auto'), { parts: 30, changed: 1 }, 500)).toEqual({ copy: 500, proxy: 0 });
  });

  it('is a proxy for handlers that change a small part of a large state', () => {
    const { copy, proxy } = choices(new DraftChoice('auto'), { parts: 2_000, changed: 3 }, 6_400);
    expect(copy).toBeGreaterThan(5);
    expect(copy).toBeLessThan(20);
    expect(proxy).toBe(6_400 - copy);
  });

  it('switches between `copy` and `proxy` when handlers begin to change a larger or smaller part of the state', () => {
    const draft = new DraftChoice('auto');
    choices(draft, { parts: 500, changed: 2 }, 1_000);
    expect(choices(draft, { parts: 500, changed: 400 }, 1_000).copy).toBeGreaterThan(700);
    expect(choices(draft, { parts: 500, changed: 2 }, 1_000).proxy).toBeGreaterThan(700);
  });

  it('follows the setting `draft` of the game', () => {
    expect(choices(new DraftChoice('proxy'), { parts: 2, changed: 2 }, 10)).toEqual({ copy: 0, proxy: 10 });
    expect(choices(new DraftChoice('copy'), { parts: 10_000, changed: 0 }, 10)).toEqual({ copy: 10, proxy: 0 });
  });
});

import { describe, expect, it } from '@jest/globals';
import { worseThan } from './check.js';
import type { Figure } from './table.js';

const figure = (what: string, unit: string, ...values: number[]): Figure => ({ section: 'relay', what, unit, values });
const recorded = (...figures: Figure[]) => ({ relay: { figures } });

describe('the comparison of figures with the record', () => {
  it('reports a ratio that exceeds the record by more than its tolerance', () => {
    const record = recorded(figure('ours ÷ theirs', '×', 1, 1.1, 1.2));
    expect(worseThan(record, [figure('ours ÷ theirs', '×', 1.35)])).toEqual({ checked: 1, worse: [] });
    const { worse } = worseThan(record, [figure('ours ÷ theirs', '×', 1.5, 1.4, 1.45)]);
    expect(worse).toEqual([expect.objectContaining({ recorded: 1.1, measured: 1.45 })]);
  });

  it('does not report an improved figure', () => {
    expect(worseThan(recorded(figure('ours ÷ theirs', '×', 1.1)), [figure('ours ÷ theirs', '×', 0.2)]).worse).toEqual([]);
  });

  it('reports an increase by one write per message, but not by 0.01 writes', () => {
    const record = recorded(figure('writes', 'per message', 0.03), figure('reads', 'per message', 2));
    expect(worseThan(record, [figure('writes', 'per message', 0.04), figure('reads', 'per message', 2.01)]).worse).toEqual([]);
    expect(worseThan(record, [figure('writes', 'per message', 1), figure('reads', 'per message', 3)]).worse).toHaveLength(2);
  });

  it('reports an increase by 0.01 bytes', () => {
    const record = recorded(figure('patch', 'bytes', 225.2));
    expect(worseThan(record, [figure('patch', 'bytes', 225.2)], 1).worse).toEqual([]);
    expect(worseThan(record, [figure('patch', 'bytes', 225.21)], 1).worse).toHaveLength(1);
  });

  it('reports a figure that could not be measured', () => {
    expect(worseThan(recorded(figure('ours ÷ theirs', '×', 1)), [figure('ours ÷ theirs', '×', Number.NaN)]).worse).toHaveLength(1);
  });

  it('ignores times and rates, which depend on the machine', () => {
    const record = recorded(figure('p99', 'ms', 1), figure('answered', '/s', 1_000));
    expect(worseThan(record, [figure('p99', 'ms', 100), figure('answered', '/s', 1)])).toEqual({ checked: 0, worse: [] });
  });

  it('ignores a figure without a record', () => {
    expect(worseThan({}, [figure('ours ÷ theirs', '×', 9)])).toEqual({ checked: 0, worse: [] });
  });
});

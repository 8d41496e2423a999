import type { Target } from './section.js';

/** One measured figure, with all its values. */
export interface Figure {
  readonly section: string;
  readonly what: string;
  readonly unit: string;
  readonly values: number[];
  readonly target?: Target;
}

/** The units of figures that depend on the load of the machine or are plain counts. These figures are not compared with the record. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(['ms', 'µs', '', 'rooms']);

export function verdictOf({ values, target }: Figure): { median: number; isMet?: boolean } {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  if (!target) return { median };
  return { median, isMet: 'atMost' in target ? median <= target.atMost : median >= target.atLeast };
}

/**
 * Returns a table of figures: the median, minimum and maximum of the runs, the target, and the change since `before` (medians by name).
 */
export function table(figures: readonly Figure[], before: Readonly<Record<string, number>>): string {
  const head = ['', 'median', 'min to max', 'target', 'since the record'];
  const rows = [head, ...figures.map((figure) => row(figure, before[figure.what]))];
  // An empty column is omitted.
  const columns = head.map((_, column) => column).filter((column) => rows.slice(1).some((cells) => cells[column] !== ''));
  return markdown(rows.map((cells) => columns.map((column) => cells[column])));
}

function row(figure: Figure, before: number | undefined): string[] {
  const { median, isMet } = verdictOf(figure);
  const { what, unit, values, target } = figure;
  return [
    what,
    `${plain(median)}${unit && ` ${unit}`}`,
    values.length > 1 ? `${plain(Math.min(...values))} – ${plain(Math.max(...values))}` : '',
    target ? `${'atMost' in target ? `≤ ${plain(target.atMost)}` : `≥ ${plain(target.atLeast)}`} ${isMet ? 'met' : '**missed**'}` : '',
    before && !OF_THE_MOMENT.has(unit) ? `${(median / before).toFixed(2)} ×` : '',
  ];
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** Formats a number for a reader: about three digits, with separators of thousands. */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return value.toLocaleString('en', { maximumFractionDigits: size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2 });
}

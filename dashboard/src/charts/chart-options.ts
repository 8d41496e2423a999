import type UPlot from 'uplot';
import { compact, NONE, number, time } from '../parts/format.js';

export interface Pause {
  readonly at: number;
  readonly pauseMs: number;
  readonly server: string;
}

export interface ChartColors {
  readonly axis: string;
  readonly grid: string;
  readonly pause: string;
  readonly lines: readonly string[];
}

interface ChartOptions {
  readonly labels: readonly string[];
  readonly unit: string;
  readonly colors: ChartColors;
  readonly pauses: () => readonly Pause[];
  readonly width: number;
}

const HEIGHT = 190;
/** All charts show the same time under the pointer. */
const SYNC = 'fleet';

export function optionsOf({ labels, unit, colors, pauses, width }: ChartOptions): UPlot.Options {
  const axis = { stroke: colors.axis, grid: { stroke: colors.grid, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: SYNC }, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { y: { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 26, values: (_, seconds) => seconds.map((at) => CLOCK.format(at * 1_000)) },
      { ...axis, size: 52, values: (_, values) => values.map((value) => (unit ? `${compact(value)} ${unit}` : compact(value))) },
    ],
    series: [
      { label: 'Time', value: (_, at) => (at === null ? NONE : time(at * 1_000)) },
      ...labels.map((label, index) => ({
        label,
        stroke: colors.lines[index % colors.lines.length] as string,
        width: 1.5,
        points: { show: false },
        value: (_: UPlot, value: number | null) => (value === null ? NONE : `${number(value)}${unit && ` ${unit}`}`),
      })),
    ],
    hooks: { drawClear: [(plot) => drawPauses(plot, pauses(), colors.pause)], draw: [showLatest], setCursor: [showLatest] },
  };
}

/** Without a pointer on the chart, the legend shows the latest values. */
function showLatest(plot: UPlot): void {
  const [times] = plot.data;
  if (plot.cursor.idx == null && times.length > 0) plot.setLegend({ idx: times.length - 1 }, false);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const PAUSE_WIDTH_MIN = 3;

/** Marks the pauses of players behind the lines. */
function drawPauses(plot: UPlot, pauses: readonly Pause[], color: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = color;
  for (const { at, pauseMs } of pauses) {
    const left = plot.valToPos(at / 1_000, 'x', true);
    const right = plot.valToPos((at + pauseMs) / 1_000, 'x', true);
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.fillRect(left, bbox.top, Math.max(PAUSE_WIDTH_MIN, right - left), bbox.height);
  }
  ctx.restore();
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as echarts from 'echarts';
import { QUEUE_RULE_NAMES, RATES } from './matchmaking/rules.js';
import type { Recorded } from './record.js';
import { verdictOf } from './table.js';
import { ROOT } from './tools.js';

/** A bar chart by category, with one color per series. A missing figure has no bar. */
export interface Chart {
  readonly name: string;
  readonly section: string;
  readonly title: string;
  readonly unit: string;
  readonly categories: readonly string[];
  readonly series: readonly { readonly name: string; readonly figures: readonly string[] }[];
  /** Whether the axis is logarithmic, for values that differ by a factor of a hundred. */
  readonly isLogarithmic?: boolean;
  /**
   * Draws lines over a second value instead of bars over the categories, which become the labels of the points. `figureOf` returns the
   * figure of the second value for a figure.
   */
  readonly over?: { readonly unit: string; figureOf(figure: string): string };
}

/** The figures of a relay chart, by the end of their names. The beginning names the transport, the connections and the mode. */
const RELAYED = ['Holdfast, CPU of gateway', 'bare relay, CPU of relay', 'HAProxy, CPU of relay', 'ws echo, CPU of echo'];

function relayChart(connections: number): Chart {
  const modes = ['closed loop', '5000/s'];
  const heads = ['tcp', 'ws'].flatMap((way) => modes.map((mode) => `${way}, ${connections}, ${mode}`));
  return {
    name: connections === 200 ? 'relay' : `relay-${connections}`,
    section: connections === 200 ? 'relay' : `relay-${connections}`,
    title: `CPU of the relay per message, ${connections} connections`,
    unit: 's per million',
    categories: ['tcp', 'ws'].flatMap((way) => modes.map((mode) => `${way}, ${mode}`)),
    series: RELAYED.map((figure) => ({
      name: figure.split(', CPU')[0].replace('Holdfast', 'Holdfast, gateway'),
      figures: heads.map((head) => `${head}: ${figure}`),
    })),
  };
}

function roomChart(section: string): Chart {
  const modes = ['closed loop', '5000/s'];
  const paths = {
    'Holdfast, fleeting': 'fleeting, CPU of gateway + game',
    'Holdfast, durable': 'durable, CPU of gateway + game',
    Colyseus: 'Colyseus, CPU of server',
    'Socket.IO': 'Socket.IO, CPU of node',
    'Socket.IO, two nodes': 'Socket.IO, two nodes, CPU of node 1 + node 2',
    Pinus: 'Pinus, CPU of connector + backend',
  };
  return {
    name: section,
    section,
    title: 'CPU per message in a room of two: one in, two out',
    unit: 's per million',
    categories: modes,
    series: Object.entries(paths).map(([name, figure]) => ({ name, figures: modes.map((mode) => `${mode}: ${figure}`) })),
  };
}

const GROWING = ['gateway', 'game', 'redis'];

export const CHARTS: readonly Chart[] = [
  relayChart(200),
  relayChart(1_000),
  roomChart('room'),
  roomChart('room-1000'),
  {
    name: 'starts',
    section: 'starts',
    title: 'Rooms and quick joins per second, two servers',
    unit: 'a second',
    isLogarithmic: true,
    categories: ['made and joined', 'made, joined and begun', 'quick joins (players)'],
    series: ['Holdfast', 'Colyseus'].map((name) => ({
      name,
      figures: [`rooms made and joined: ${name}`, `rooms made, joined and begun: ${name}`, `quick joins (players): ${name}`],
    })),
  },
  {
    name: 'memory',
    section: 'memory',
    title: 'Memory per idle player in a room, all servers together',
    unit: 'KB',
    categories: ['resident'],
    series: ['Holdfast', 'Colyseus'].map((name) => ({ name, figures: [`memory of an idle player in a room: ${name}`] })),
  },
  {
    name: 'growth-rooms',
    section: 'growth',
    title: 'CPU per message, by number of open rooms',
    unit: 's per million',
    categories: ['10', '100', '1,000', '10,000'],
    series: GROWING.map((process) => ({
      name: process,
      figures: [10, 100, 1_000, 10_000].map((rooms) => `${rooms} rooms: CPU of ${process}`),
    })),
  },
  {
    name: 'growth-servers',
    section: 'growth',
    title: 'CPU per message, by number of game servers: all servers of a type together',
    unit: 's per million',
    categories: ['1', '2', '3', '4'],
    series: GROWING.map((process) => ({
      name: process,
      figures: [1, 2, 3, 4].map((servers) => `${servers} game ${servers === 1 ? 'server' : 'servers'}: CPU of ${process}`),
    })),
  },
  {
    name: 'matchmaking',
    section: 'matchmaking',
    title: 'Spread of ratings within a match against waiting time, matches of 4 players',
    unit: 'points (mean) over s (p95); one point for each number of players a second',
    isLogarithmic: true,
    categories: RATES.map((rate) => `${rate}/s`),
    series: QUEUE_RULE_NAMES.map((name) => ({
      name,
      figures: RATES.map((rate) => `${rate} players/s, ${name}: spread of ratings in a match`),
    })),
    over: { unit: 's', figureOf: (figure) => figure.replace('spread of ratings in a match', 'waiting, p95') },
  },
];

/** Draws each chart that this record has figures for, in both color schemes. Returns the charts. */
export async function drawCharts(record: Readonly<Record<string, Recorded>>): Promise<readonly Chart[]> {
  const folder = join(ROOT, 'bench/charts');
  await mkdir(folder, { recursive: true });
  const drawn: Chart[] = [];
  for (const chart of CHARTS) {
    const values = valuesOf(chart, record[chart.section]);
    if (values.every(({ data }) => data.every((value) => value === null))) continue;
    for (const face of ['light', 'dark'] as const) await writeFile(join(folder, `${chart.name}-${face}.svg`), draw(chart, values, face));
    drawn.push(chart);
  }
  return drawn;
}

interface Values {
  readonly name: string;
  readonly data: readonly (number | null)[];
  /** The second values of a chart with `over`. */
  readonly over?: readonly (number | null)[];
}

function valuesOf({ series, over }: Chart, recorded: Recorded | undefined): Values[] {
  const medians = new Map(recorded?.figures.map((figure) => [figure.what, verdictOf(figure).median]));
  return series
    .map(({ name, figures }) => ({
      name,
      data: figures.map((figure) => medians.get(figure) ?? null),
      ...(over && { over: figures.map((figure) => medians.get(over.figureOf(figure)) ?? null) }),
    }))
    .filter(({ data }) => data.some((value) => value !== null));
}

const FACES = {
  light: { ink: '#1f2328', faint: '#d1d9e0', paper: '#ffffff' },
  dark: { ink: '#e6edf3', faint: '#3d444d', paper: '#0d1117' },
} as const;

/** The series can also be distinguished without colors: by order and by the numbers on the bars. Source: Okabe and Ito, 2008. */
const COLOURS = ['#0072b2', '#56b4e9', '#e69f00', '#cc79a7', '#d55e00', '#009e73'];

function draw({ title, unit, categories, isLogarithmic, over }: Chart, values: readonly Values[], face: keyof typeof FACES): string {
  const { ink, faint, paper } = FACES[face];
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 380 });
  chart.setOption({
    animation: false,
    backgroundColor: paper,
    color: COLOURS,
    textStyle: { fontFamily: 'system-ui, sans-serif', color: ink },
    title: { text: title, subtext: unit, left: 12, top: 8, textStyle: { color: ink, fontSize: 15 }, subtextStyle: { color: ink } },
    legend: { bottom: 8, itemGap: 32, textStyle: { color: ink } },
    grid: { left: 56, right: 16, top: 72, bottom: 64 },
    xAxis: {
      ...(over
        ? { type: 'log', name: over.unit, nameLocation: 'end', splitLine: { lineStyle: { color: faint } } }
        : { type: 'category', data: [...categories] }),
      axisLabel: { color: ink, interval: 0 },
      axisLine: { lineStyle: { color: faint } },
    },
    yAxis: {
      type: isLogarithmic ? 'log' : 'value',
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: faint } },
    },
    series: values.map((one) => (over ? lineOf(one, categories, ink) : barsOf(one, ink))),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function barsOf({ name, data }: Values, ink: string): echarts.SeriesOption {
  return {
    name,
    type: 'bar',
    data: [...data],
    label: { show: true, position: 'top', color: ink, fontSize: 10, formatter: ({ value }: { value?: unknown }) => short(Number(value)) },
  };
}

function lineOf({ name, data, over = [] }: Values, labels: readonly string[], ink: string): echarts.SeriesOption {
  return {
    name,
    type: 'line',
    symbolSize: 8,
    data: data.map((value, index) => [over[index] ?? '-', value ?? '-']),
    label: {
      show: true,
      position: 'top',
      color: ink,
      fontSize: 10,
      formatter: ({ dataIndex }: { dataIndex?: number }) => labels[dataIndex ?? 0],
    },
  };
}

function short(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value >= 100 ? 0 : 1 });
}

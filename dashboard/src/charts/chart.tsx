import 'uplot/dist/uPlot.min.css';
import '../styles/charts.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import UPlot from 'uplot';
import { number, time } from '../parts/format.js';
import { Section } from '../parts/page.js';
import { TableArea } from '../table/table-area.js';
import { type ChartColors, optionsOf, type Pause } from './chart-options.js';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly unit?: string;
  /** In ms since 1970. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly pauses: readonly Pause[];
}

/** Lines over time. A screen reader reads a summary, and everybody can open the values as a table. */
export function Chart({ title, unit = '', at, lines, pauses }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme('light');
  const shownPauses = useRef(pauses);
  shownPauses.current = pauses;
  const data = useMemo(() => [at.map((ms) => ms / 1_000), ...lines.map(({ values }) => values)] as UPlot.AlignedData, [at, lines]);
  const latest = useRef(data);
  latest.current = data;
  const labels = JSON.stringify(lines.map(({ label }) => label));

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const options = optionsOf({
      labels: JSON.parse(labels) as string[],
      unit,
      colors: colorsOf(element, scheme),
      pauses: () => shownPauses.current,
      width: element.clientWidth,
    });
    const made = new UPlot(options, latest.current, element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: options.height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [labels, unit, scheme]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <Section title={title} className="chart">
      <div ref={place} role="img" aria-label={summaryOf(title, unit, lines)} />
      <details>
        <summary>Values</summary>
        <Values title={title} unit={unit} at={at} lines={lines} />
      </details>
    </Section>
  );
}

const VALUES_SHOWN = 30;

function Values({ title, unit, at, lines }: Omit<ChartProps, 'pauses'>) {
  const step = Math.max(1, Math.ceil(at.length / VALUES_SHOWN));
  const shown = at.map((_, index) => index).filter((index) => (at.length - 1 - index) % step === 0);
  return (
    <TableArea label={`Values of ${title}`}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map(({ label }) => (
              <th scope="col" className="number" key={label}>
                {label} {unit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.reverse().map((index) => (
            <tr key={at[index]}>
              <td>{time(at[index] as number)}</td>
              {lines.map(({ label, values }) => (
                <td className="number" key={label}>
                  {number(values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableArea>
  );
}

function summaryOf(title: string, unit: string, lines: readonly Line[]): string {
  const sentences = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${label}: no samples`;
    return `${label}: ${number(known.at(-1))} ${unit} now, from ${number(Math.min(...known))} to ${number(Math.max(...known))}`;
  });
  return `${title}. ${sentences.join('. ')}.`;
}

/** Reads the colors from the style of the page. The parameter for the scheme makes the caller read them again when it changes. */
function colorsOf(element: HTMLElement, _scheme: string): ChartColors {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    axis: read('--quiet'),
    grid: read('--line'),
    pause: read('--pause'),
    lines: Array.from({ length: 8 }, (_, index) => read(`--line-${index + 1}`)),
  };
}

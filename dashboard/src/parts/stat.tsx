import type { ReactNode } from 'react';
import type { Tone } from './pill.js';

interface StatProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly detail?: ReactNode;
  readonly tone?: Tone;
}

/** One number of a list of numbers. Put it into a `<dl className="stats">`. */
export function Stat({ label, value, detail, tone }: StatProps) {
  return (
    <div className={`stat ${tone ?? ''}`}>
      <dt>{label}</dt>
      <dd>
        <span className="value">{value}</span>
        {detail !== undefined && <span className="detail">{detail}</span>}
      </dd>
    </div>
  );
}

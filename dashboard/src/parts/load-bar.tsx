interface LoadBarProps {
  readonly label: string;
  readonly taken: number;
  readonly limit: number;
}

/** A bar that shows how much of a limit is taken, with its numbers as text. */
export function LoadBar({ label, taken, limit }: LoadBarProps) {
  return (
    <span className="load">
      <meter
        aria-label={label}
        value={taken}
        max={Math.max(1, limit)}
        optimum={0}
        low={limit * 0.8}
        high={limit * 0.95}
        title={`${taken} of ${limit}`}
      />
      <span className="load-text">
        {taken}/{limit}
      </span>
    </span>
  );
}

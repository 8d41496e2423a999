import { Presets, SingleBar } from 'cli-progress';
import type { Tally } from './tally.js';

/** Shows the progress of a run. */
export interface Progress {
  begin(total: number, unit: string): void;
  at(value: number): void;
  end(): void;
}

export const SILENT: Progress = { begin: () => {}, at: () => {}, end: () => {} };

const LINE_EVERY_MS = 5_000;

/** Shows a bar on a terminal, periodic lines elsewhere, and nothing with `--json`. Writes to stderr. */
export function progressFor(tally: Tally, isQuiet: boolean): Progress {
  if (isQuiet) return SILENT;
  return process.stderr.isTTY ? new Bar(tally) : new Lines(tally);
}

class Bar implements Progress {
  private readonly bar = new SingleBar(
    { format: '{bar} {value}/{total} {unit} · {games} games · {moves} moves · p99 {p99} ms', hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  );

  constructor(private readonly tally: Tally) {}

  begin(total: number, unit: string): void {
    this.bar.start(total, 0, { unit, ...this.figures() });
  }

  at(value: number): void {
    this.bar.update(Math.floor(value), this.figures());
  }

  end(): void {
    this.bar.update(this.bar.getTotal(), this.figures());
    this.bar.stop();
  }

  private figures(): object {
    return { games: this.tally.games, moves: this.tally.moves, p99: this.tally.latencyMs(0.99) };
  }
}

class Lines implements Progress {
  private total = 0;
  private unit = '';
  private nextAt = 0;

  constructor(private readonly tally: Tally) {}

  begin(total: number, unit: string): void {
    this.total = total;
    this.unit = unit;
    this.nextAt = Date.now() + LINE_EVERY_MS;
  }

  at(value: number): void {
    if (Date.now() < this.nextAt) return;
    this.nextAt = Date.now() + LINE_EVERY_MS;
    const { games, moves } = this.tally;
    console.error(`${Math.floor(value)}/${this.total} ${this.unit}: ${games} games, ${moves} moves`);
  }

  end(): void {}
}

import { readFileSync } from 'node:fs';

/** The kernel counts a process' time in these. */
const TICK_SECONDS = 0.01;

/** Seconds of CPU that a process has used, user and system, all threads, by the kernel's account. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in brackets, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
}

export interface SystemCalls {
  readonly reads: number;
  readonly writes: number;
}

/** How often a process has asked the kernel to read or write anything, sockets and files alike. */
export function systemCalls(pid: number): SystemCalls {
  const io = readFileSync(`/proc/${pid}/io`, 'latin1');
  const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? Number.NaN);
  return { reads: of('syscr'), writes: of('syscw') };
}

export function residentKilobytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN);
}

/** What each of some processes uses from now on. */
export class CpuMeter {
  private before: Record<string, number>;

  constructor(private readonly pids: Readonly<Record<string, number>>) {
    this.before = this.read();
  }

  restart(): void {
    this.before = this.read();
  }

  seconds(): Record<string, number> {
    const now = this.read();
    return Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - this.before[name]]));
  }

  private read(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.pids).map(([name, pid]) => [name, cpuSeconds(pid)]));
  }
}

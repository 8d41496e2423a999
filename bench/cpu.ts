import { readFileSync } from 'node:fs';

/** The unit in which the kernel counts CPU time, in seconds. */
const TICK_SECONDS = 0.01;

/** Returns the CPU time of a process in seconds: user and system, all threads, as counted by the kernel. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in brackets, may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
}

export interface SystemCalls {
  readonly reads: number;
  readonly writes: number;
}

/** Returns the number of read and write system calls of a process, on sockets and files. */
export function systemCalls(pid: number): SystemCalls {
  const io = readFileSync(`/proc/${pid}/io`, 'latin1');
  const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? Number.NaN);
  return { reads: of('syscr'), writes: of('syscw') };
}

export function residentKilobytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN);
}

/** Measures the CPU time of several processes from now on. */
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

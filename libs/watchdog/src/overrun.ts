/** The watchdog interrupted a run. Nothing that it did may be kept. */
export class OverrunError extends Error {
  constructor(
    /** What ran: `command place`. */
    readonly handler: string,
    readonly ms: number,
  ) {
    super(`${handler} was stopped after ${Math.round(ms)} ms: it exceeded its limit of time or memory`);
    this.name = 'OverrunError';
  }
}

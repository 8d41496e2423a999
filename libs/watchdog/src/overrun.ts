/** The watchdog interrupted a run. Its results must be discarded. */
export class OverrunError extends Error {
  constructor(
    /** The handler that ran: `command place`. */
    readonly handler: string,
    readonly ms: number,
  ) {
    super(`${handler} was stopped after ${Math.round(ms)} ms: it exceeded its limit of time or memory`);
    this.name = 'OverrunError';
  }
}

/** The error of a run that the watchdog interrupted. The caller must discard the results of the run. */
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

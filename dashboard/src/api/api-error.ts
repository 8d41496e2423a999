/** A request without a usable answer. `message` is a sentence for the operator. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** The HTTP status; 0: no gateway answered. */
    readonly status: number,
    /** The stable code of a refusal; absent: the gateway gave no refusal. */
    readonly code?: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The gateway did not answer, so a request may have been carried out or not. */
  get isUnanswered(): boolean {
    return this.code === undefined;
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Listeners<Events extends { [Name in keyof Events]: unknown[] }> = { [Name in keyof Events]?: Set<(...args: Events[Name]) => void> };

/** A minimal typed event emitter. `on` returns a function that removes the listener. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  private readonly listeners: Listeners<Events> = {};

  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    const known = this.listeners[name] ?? new Set();
    this.listeners[name] = known;
    known.add(listener);
    return () => known.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.listeners[name] ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        report(error);
      }
    }
  }
}

/**
 * Reports the error of a listener instead of throwing it. A thrown error would prevent the calls of the other listeners, and would end a
 * Node program as an uncaught exception.
 */
function report(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) reportError(error);
  else console.error('A listener of the Holdfast client threw an error.', error);
}

type Listeners<Events extends { [Name in keyof Events]: unknown[] }> = { [Name in keyof Events]?: Set<(...args: Events[Name]) => void> };

/** The smallest typed event source: `on` gives back the way to stop listening. */
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
        // A listener's defect is its own: it surfaces as uncaught, and neither the others nor the game notice.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

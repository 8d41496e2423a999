import { parts } from './load.js';

// A process of its own that does what it is told over its channel to the bench, and ends with it.
process.on('message', ({ id, act, argument }: { id: number; act: string; argument: unknown }) => {
  Promise.resolve()
    .then(() => {
      const part = parts.find((candidate) => act in candidate) as unknown as Record<string, (argument: unknown) => unknown>;
      if (!part) throw new Error(`nobody here can ${act}`);
      return part[act](argument);
    })
    .then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
});
process.on('disconnect', () => process.exit());

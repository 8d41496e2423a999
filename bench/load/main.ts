import { parts } from './load.js';

// A process that carries out acts which it receives over its channel to the bench, and ends with the bench.
process.on('message', ({ id, act, argument }: { id: number; act: string; argument: unknown }) => {
  Promise.resolve()
    .then(() => {
      const part = parts.find((candidate) => act in candidate) as unknown as Record<string, (argument: unknown) => unknown>;
      if (!part) throw new Error(`there is no act ${act}`);
      return part[act](argument);
    })
    .then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
});
process.on('disconnect', () => process.exit());

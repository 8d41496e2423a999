import { Load } from './load.js';

// A process of its own that does what it is told over its channel to the bench, and ends with it.
const load = new Load();
const acts = load as unknown as Record<string, (argument: unknown) => unknown>;

process.on('message', ({ id, act, argument }: { id: number; act: string; argument: unknown }) => {
  Promise.resolve()
    .then(() => acts[act].call(load, argument))
    .then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
});
process.on('disconnect', () => process.exit());

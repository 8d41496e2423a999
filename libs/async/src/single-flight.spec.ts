import { KeyedFlights } from './keyed-flights.js';
import { SingleFlight } from './single-flight.js';

/** A task whose runs the test resolves or rejects. */
function controlled() {
  const runs: { resolve(): void; reject(error: Error): void }[] = [];
  const task = (): Promise<number> => {
    const number = runs.length + 1;
    return new Promise<number>((resolve, reject) => runs.push({ resolve: () => resolve(number), reject }));
  };
  return { runs, task };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('SingleFlight', () => {
  it('gives all callers of `join` the result of the current run', async () => {
    const { runs, task } = controlled();
    const flight = new SingleFlight(task);
    const both = [flight.join(), flight.join()];
    expect(flight.isRunning).toBe(true);
    runs[0].resolve();
    expect(await Promise.all(both)).toEqual([1, 1]);
    expect(flight.isRunning).toBe(false);
    const third = flight.join();
    runs[1].resolve();
    expect(await third).toBe(2);
  });

  it('starts one more run for all calls of `again` during a run', async () => {
    const { runs, task } = controlled();
    const flight = new SingleFlight(task);
    const first = flight.join();
    const again = [flight.again(), flight.again()];
    runs[0].resolve();
    expect(await first).toBe(1);
    await settle();
    expect(runs).toHaveLength(2);
    runs[1].resolve();
    expect(await Promise.all(again)).toEqual([2, 2]);
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('starts one more run for calls of `again` even when the current run fails', async () => {
    const { runs, task } = controlled();
    const flight = new SingleFlight(task);
    const first = flight.join();
    const again = flight.again();
    runs[0].reject(new Error('first'));
    await expect(first).rejects.toThrow('first');
    await settle();
    runs[1].resolve();
    expect(await again).toBe(2);
  });

  it('starts a third run for a call of `again` during the second run', async () => {
    const { runs, task } = controlled();
    const flight = new SingleFlight(task);
    void flight.join();
    const second = flight.again();
    runs[0].resolve();
    await settle();
    const third = flight.again();
    runs[1].resolve();
    expect(await second).toBe(2);
    await settle();
    runs[2].resolve();
    expect(await third).toBe(3);
  });
});

describe('KeyedFlights', () => {
  it('shares the running task of a key among its callers', async () => {
    const { runs, task } = controlled();
    const flights = new KeyedFlights<string, number>();
    const results = [flights.join('a', task), flights.join('a', task), flights.join('b', task)];
    expect(runs).toHaveLength(2);
    expect(flights.has('a')).toBe(true);
    for (const { resolve } of runs) resolve();
    expect(await Promise.all(results)).toEqual([1, 1, 2]);
    expect(flights.size).toBe(0);
  });

  it('forgets a task that failed', async () => {
    const { runs, task } = controlled();
    const flights = new KeyedFlights<string, number>();
    const first = flights.join('a', task);
    runs[0].reject(new Error('first'));
    await expect(first).rejects.toThrow('first');
    const second = flights.join('a', task);
    runs[1].resolve();
    expect(await second).toBe(2);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELLO_PRICE, OPERATION_PRICES, priceOf } from './operation-prices.js';

const page = readFileSync(join(__dirname, '../../../../docs/protocol.md'), 'utf8');

describe('the price of an operation', () => {
  it('equals its price in docs/protocol.md', () => {
    const documented = [...page.matchAll(/^\| `([a-zA-Z.]+)`( with a `cursor`)? +\| (\d+) +\|$/gm)];
    expect(documented.map(([, name]) => name).sort()).toEqual([...Object.keys(OPERATION_PRICES), 'rooms.list'].sort());
    for (const [, name, isFurther, price] of documented)
      expect([name, priceOf(name, isFurther ? { cursor: 'x' } : undefined, 100)]).toEqual([name, Number(price)]);
    expect(page).toContain(`\`hello\` counts as ${HELLO_PRICE} `);
  });

  it('grows for `rooms.list` with the maximum number of rooms in an answer', () => {
    expect(priceOf('rooms.list', undefined, 10)).toBe(10);
    expect(priceOf('rooms.list', undefined, 1_000)).toBe(100);
    expect(priceOf('rooms.list', { cursor: 'x' }, 1_000)).toBe(160);
  });

  it('is undefined for an unknown operation', () => {
    for (const name of ['users.away', 'toString', '__proto__', '']) expect(priceOf(name, undefined, 100)).toBeUndefined();
  });
});

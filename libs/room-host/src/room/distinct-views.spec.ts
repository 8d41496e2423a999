import { DistinctViews } from './distinct-views.js';

describe('the views of one sync', () => {
  it('are one object when they are equal', () => {
    const views = new DistinctViews();
    const ships = [{ x: 1 }];
    const first = { team: { ships }, phase: 'play', list: [1, { y: 2 }] };
    expect(views.unified(first)).toBe(first);
    expect(views.unified({ team: { ships }, phase: 'play', list: [1, { y: 2 }] })).toBe(first);
    expect(views.unified(first)).toBe(first);
  });

  it.each([
    ['a value', { a: 1, b: { c: 3 } }],
    ['a key', { a: 1, c: { c: 2 } }],
    ['the number of keys', { a: 1 }],
    ['the order of keys', { b: { c: 2 }, a: 1 }],
    ['a kind', { a: 1, b: [2] }],
    [
      'a class',
      {
        a: 1,
        b: new (class At {
          c = 2;
        })(),
      },
    ],
  ])('remain different objects when they differ in %s', (_what, other) => {
    const views = new DistinctViews();
    views.unified({ a: 1, b: { c: 2 } });
    expect(views.unified(other)).toBe(other);
  });

  it('are compared with only a limited number of other views', () => {
    const views = new DistinctViews();
    for (let seat = 0; seat < 100; seat++) views.unified({ seat });
    const last = { seat: 0 };
    expect(views.unified(last)).toBe(last);
  });

  it('can contain circular references', () => {
    const make = (): object => {
      const view: { self?: object } = {};
      view.self = view;
      return view;
    };
    const views = new DistinctViews();
    views.unified(make());
    const second = make();
    expect(views.unified(second)).toBe(second);
  });
});

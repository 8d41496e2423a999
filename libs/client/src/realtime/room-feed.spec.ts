import type { Room } from '../room.js';
import { interpolate } from './interpolate.js';
import { predict } from './predict.js';

interface Rules {
  setup(room: { reject(code: string): never }): { readonly cars: { seat: number; x: number; name: string }[] };
}

/** The compiler checks that a `Room` of the client implements `RoomFeed` with the type of its state. At run time, the room does nothing. */
describe('a room object with typed rules', () => {
  const room = { seat: 0, on: () => () => {}, sendInput: () => true } as unknown as Room<Rules>;

  it("gives the prediction the type of the room's state", () => {
    const car = predict(room, {
      stepMs: 50,
      own: (state, seat) => state.cars.find((each) => each.seat === seat),
      step: (own, input: { right: boolean }) => ({ ...own, x: own.x + (input.right ? 1 : 0) }),
      idle: { right: false },
      blend: { x: 'linear' },
    });
    car.hold({ right: true });
    const x: number | undefined = car.sample()?.x;
    expect(x).toBeUndefined();
  });

  it("gives the interpolation the type of the room's state", () => {
    const others = interpolate(room, { entities: ({ cars }) => cars, key: ({ seat }) => seat, blend: { x: 'linear' } });
    const names: readonly string[] = others.sample().map(({ name }) => name);
    expect(names).toEqual([]);
    // @ts-expect-error: a name is no number
    interpolate(room, { entities: ({ cars }) => cars, key: ({ seat }) => seat, blend: { name: 'linear' } });
  });
});

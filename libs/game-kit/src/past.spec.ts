import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, GameTest, OnSeat, OnStep } from './index.js';

interface Road {
  car: { x: number };
  seen: number[];
}

@Game({ name: 'road', version: 1, seats: 1, pastMs: 200 })
class Roads implements GameRules<Road> {
  setup(): Road {
    return { car: { x: 0 }, seen: [] };
  }

  @OnStep(20)
  protected move({ state }: GameRoom<Road>): void {
    state.car.x += 1;
  }

  @Command(z.unknown())
  look(room: GameRoom<Road>, ms: unknown): void {
    room.state.seen.push(room.past(ms as number).car.x);
  }

  @Command()
  edit(room: GameRoom<Road>): void {
    room.past(100).car.x = 7;
  }

  @OnSeat('joined')
  protected joined(room: GameRoom<Road>): void {
    room.state.seen.push(room.past(100).car.x);
  }
}

const play = () => GameTest.create(Roads, { players: ['Ann'] });

describe('room.past', () => {
  it('returns the state that the game had the given number of milliseconds ago', async () => {
    const game = await play();
    game.step(10);
    for (const ms of [0, 1, 49, 50, 51, 100, 200]) game.as(0).look(ms);
    expect(game.state.seen.slice(1)).toEqual([10, 9, 9, 9, 8, 8, 6]);
  });

  it('returns the oldest stored state for a time that is more than `pastMs` ago', async () => {
    const game = await play();
    game.step(10);
    game.as(0).look(60_000);
    expect(game.state.seen.at(-1)).toBe(6);
  });

  it('returns the first state while the game is younger than `pastMs`', async () => {
    const game = await play();
    game.step(2);
    game.as(0).look(200);
    expect(game.state.seen).toEqual([0, 0]);
  });

  it('returns no state from before a recovery of the room', async () => {
    const game = await play();
    game.step(10);
    game.pause(3_000);
    game.step(1);
    game.as(0).look(200);
    expect([game.state.car.x, game.state.seen.at(-1)]).toEqual([11, 10]);
  });

  it('returns a frozen state', async () => {
    const game = await play();
    game.step(4);
    expect(() => game.as(0).edit()).toThrow(TypeError);
  });

  it.each([-1, Number.NaN, '50', undefined])('refuses the time %p', async (ms) => {
    const game = await play();
    expect(() => game.as(0).look(ms)).toThrow(/room\.past\(.*\): give a time in ms from 0\./);
  });

  it('throws in a game without `pastMs`', async () => {
    @Game({ name: 'short', version: 1, seats: 1 })
    class Short extends Roads {}
    await expect(GameTest.create(Short, { players: ['Ann'] })).rejects.toThrow('add pastMs to @Game, as in pastMs: 500');
  });

  it.each([0, 2_001, 1.5, '100'])('makes the start fail when `pastMs` is %p', async (pastMs) => {
    @Game({ name: 'road', version: 1, seats: 1, pastMs: pastMs as number })
    class Wrong extends Roads {}
    await expect(GameTest.create(Wrong, { players: ['Ann'] })).rejects.toThrow('give a whole number of ms from 1 to 2000');
  });
});

import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, GameTest, OnStep, type Seat, View } from './index.js';

interface Sea {
  boats: { x: number; y: number }[];
  secret: number;
}

@Game({ name: 'sea', version: 1, seats: 2, quantize: 0.01 })
class SeaGame implements GameRules<Sea> {
  setup(): Sea {
    return { boats: [0, 1, 2].map((y) => ({ x: 0, y })), secret: 0 };
  }

  @OnStep(20)
  protected move(room: GameRoom<Sea>): void {
    for (const boat of room.state.boats) boat.x += 0.05;
    room.state.secret += 1;
  }

  @Command(z.object({ to: z.array(z.number()).optional() }))
  hail(room: GameRoom<Sea>, { to }: { to?: number[] | undefined }): void {
    room.emit('hail', { text: 'ahoy' }, to);
  }

  @View()
  view({ boats, secret }: Sea, seat: Seat | null): Sea {
    return { boats, secret: seat === 0 ? secret : 0 };
  }
}

@Game({ name: 'counter', version: 1, seats: 1 })
class CounterGame implements GameRules<{ count: number }> {
  setup(): { count: number } {
    return { count: 0 };
  }

  @Command()
  add({ state }: GameRoom<{ count: number }>): void {
    state.count += 1;
  }

  @Command()
  idle(_room: GameRoom<{ count: number }>): void {}
}

const play = () => GameTest.create(SeaGame, { players: ['Ann', 'Bob'] });

describe('GameTest.measure', () => {
  it('counts one sync per step of a game with steps', async () => {
    const game = await play();
    const traffic = game.measure(0, () => game.step(20));
    expect(traffic.syncs).toHaveLength(20);
    expect(traffic.seconds).toBe(1);
    expect(Object.fromEntries(traffic.byPath)).toMatchObject({ 'boats[].x': 60 + 20, secret: 40, '(state)': 20 });
    const sum = [...traffic.byPath.values()].reduce((total, bytes) => total + bytes, 0);
    expect(sum).toBe(traffic.bytes);
    expect(traffic.bytesPerSecond).toBe(traffic.bytes);
  });

  it('counts only the data that the view of the seat contains', async () => {
    const game = await play();
    expect(game.measure(1, () => game.step(20)).byPath.has('secret')).toBe(false);
    expect(game.measure(null, () => game.step(20)).byPath.has('secret')).toBe(false);
  });

  it('counts the events for the seat in the sync of the next step', async () => {
    const game = await play();
    const hail = (to?: number[]) =>
      game.measure(1, () => {
        game.as(0).hail({ to });
        game.step();
      });
    expect([hail().byPath.has('(events)'), hail([1]).byPath.has('(events)'), hail([0]).byPath.has('(events)')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('counts one sync for each change of a game without steps', async () => {
    const game = await GameTest.create(CounterGame, { players: ['Ann'] });
    const traffic = game.measure(0, () => {
      game.as(0).add();
      game.as(0).add();
      game.as(0).idle();
    });
    expect(traffic.syncs).toHaveLength(3);
    expect(traffic.syncs[2]).toBeLessThan(traffic.syncs[0]!);
    expect(traffic.bytesPerSecond).toBe(0);
  });

  it('returns a readable table of the bytes by path, with a total', async () => {
    const game = await play();
    const table = String(game.measure(1, () => game.step(20)));
    expect(table).toMatch(/^20 syncs to seat 1, \d+ bytes per second\npath +bytes +per sync +share\n\(header\) +\d+/);
    expect(table).toMatch(/boats\[\]\.x +80 +4\.0 +\d+ %\n/);
    expect(table).toMatch(/\ntotal +\d+ +\d+ +100 %\n$/);
  });
});

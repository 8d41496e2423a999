import { Bot } from './handler.decorators.js';
import { type BotCommand, type BotRoom, Command, Game, type GameRoom, type GameRules, GameTest, OnSeat } from './index.js';

interface Race {
  laps: number[];
}

@Game({ name: 'race', version: 1, seats: { min: 1, max: 3 }, joinable: true })
class Racing implements GameRules<Race> {
  setup(): Race {
    return { laps: [] };
  }

  @OnSeat('joined')
  protected joined({ state, seat }: GameRoom<Race>): void {
    state.laps[seat] = 0;
  }

  @Command()
  lap({ state, seat }: GameRoom<Race>): void {
    state.laps[seat]! += 1;
  }

  @Command()
  fill(room: GameRoom<Race>): void {
    const seat = room.addBot('Robo');
    if (seat !== null) room.state.laps[seat] = 0;
  }

  @Bot({ everyMs: 100 })
  protected drive({ laps }: Race, { seat }: BotRoom): BotCommand | null {
    return laps[seat]! < 1 ? { command: 'lap' } : null;
  }
}

it('GameTest lets players join a running game, in a new seat or in one that was left', async () => {
  const game = await GameTest.create(Racing, { players: ['Ann'] });
  expect(game.join('Bob')).toBe(1);
  game.as(1).lap();
  game.seat(0).left();
  expect(game.join('Cy')).toBe(0);
  expect(game.state.laps).toEqual([0, 1]);
});

it('GameTest lets a bot move, and reports whether the move changed the game', async () => {
  const game = await GameTest.create(Racing, { players: ['Ann'] });
  game.as(0).fill();
  expect([game.bot(1), game.bot(1), game.state.laps]).toEqual([true, false, [0, 1]]);
});

it('GameTest refuses a game whose bots have no valid period', async () => {
  @Game({ name: 'idle', version: 1, seats: 1 })
  class Idle implements GameRules<Race> {
    setup(): Race {
      return { laps: [] };
    }

    @Bot({ everyMs: 5 })
    protected drive(): null {
      return null;
    }
  }
  await expect(GameTest.create(Idle, { players: ['Ann'] })).rejects.toThrow('drive() with @Bot({ everyMs: 5 }); give a whole number of ms');
});

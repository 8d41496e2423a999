import { z } from 'zod';
import {
  Bot,
  type BotCommand,
  type BotMove,
  type BotRoom,
  Command,
  Game,
  type GameRoom,
  type GameRules,
  GameTest,
  Input,
  OnSeat,
  OnStep,
  type Setup,
} from './index.js';
import { roomTableOf } from './room-table.js';

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

describe('GameTest with a running game', () => {
  it('lets a player join a running game in a new seat or a free seat', async () => {
    const game = await GameTest.create(Racing, { players: ['Ann'] });
    expect(game.join('Bob')).toBe(1);
    game.as(1).lap();
    game.seat(0).left();
    expect(game.join('Cy')).toBe(0);
    expect(game.state.laps).toEqual([0, 1]);
  });

  it('reports whether the move of a bot changed the game', async () => {
    const game = await GameTest.create(Racing, { players: ['Ann'] });
    game.as(0).fill();
    expect([game.bot(1), game.bot(1), game.state.laps]).toEqual([true, false, [0, 1]]);
  });
});

describe('a bot that gives player inputs in GameTest', () => {
  @Game({ name: 'drive', version: 1, seats: { min: 1, max: 3 } })
  @Input(z.strictObject({ gas: z.number().max(3) }))
  class Driving implements GameRules<Race> {
    setup(room: Setup): Race {
      room.addBot('Robo');
      return { laps: [0, 0] };
    }

    @OnStep(20)
    protected move(room: GameRoom<Race, { gas: number }>): void {
      for (const { seat } of room.seats) room.state.laps[seat]! += room.input(seat)?.gas ?? 0;
    }

    @Bot({ everyMs: 50 })
    protected drive({ laps }: Race, { seat }: BotRoom): BotMove {
      return { input: { gas: laps[seat]! > 3 ? 4 : 2 } };
    }
  }

  it('moves before a step that is due at the same time', async () => {
    const game = await GameTest.create(Driving, { players: ['Ann'] });
    game.step();
    expect(game.state.laps).toEqual([0, 2]);
    game.input(0, { gas: 1 });
    game.step();
    expect(game.state.laps).toEqual([1, 4]);
  });

  it('makes the test fail when the schema refuses its input', async () => {
    const game = await GameTest.create(Driving, { players: ['Ann'] });
    game.step(2);
    expect(() => game.step()).toThrow('bad-data');
  });

  it('makes the property `bots` of the game definition true', async () => {
    const game = new Driving();
    expect([roomTableOf(game, null).definition.bots, roomTableOf(new Still(), null).definition.bots]).toEqual([true, undefined]);
  });
});

@Game({ name: 'still', version: 1, seats: 1 })
class Still implements GameRules<Race> {
  setup(): Race {
    return { laps: [] };
  }
}

describe('GameTest at the start of a game', () => {
  it('refuses a game whose bots have an invalid period', async () => {
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
    await expect(GameTest.create(Idle, { players: ['Ann'] })).rejects.toThrow(
      'drive() with @Bot({ everyMs: 5 }); give a whole number of ms',
    );
  });
});

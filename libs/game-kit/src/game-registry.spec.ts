import { Inject, Injectable, Module, type ModuleMetadata, Scope, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { z } from 'zod';
import type { RoomId, UserId } from '#libs/protocol';
import { type GameRoom, RoomMachine, type Setup } from '#libs/room';
import type { Effect } from './effect.js';
import { Game, type GameOptions } from './game.decorator.js';
import { GameKitModule } from './game-kit.module.js';
import { GameRegistry } from './game-registry.js';
import type { GameRules } from './game-rules.js';
import { Command, EffectHandler, OnLoad, OnResult, OnSeat, OnStep, OnTimer, View } from './handler.decorators.js';

interface Pot {
  coins: number;
}

@Injectable()
class Bank {
  readonly rate = 3;
}

const Put = z.object({ coins: z.int().min(1), note: z.string().optional() });

abstract class SavingGame implements GameRules<Pot> {
  setup(_room: Setup): Pot {
    return { coins: 0 };
  }

  @OnTimer('interest')
  protected interest(room: GameRoom<Pot>): void {
    room.state.coins += 1;
  }
}

@Game({ name: 'pot', version: 2, seats: { min: 1, max: 4 } })
class PotGame extends SavingGame {
  @Inject('fee') private readonly fee!: number;

  constructor(private readonly bank: Bank) {
    super();
  }

  @Command(Put)
  put(room: GameRoom<Pot>, { coins }: z.infer<typeof Put>): void {
    room.state.coins += coins * this.bank.rate - this.fee;
    room.schedule('interest', 10);
  }

  @Command('break')
  break(room: GameRoom<Pot>): void {
    room.state.coins = 0;
  }

  @OnStep(10)
  protected step(room: GameRoom<Pot>, stepMs: number): void {
    room.state.coins += stepMs;
  }

  @OnSeat('away', 'left')
  protected gone(room: GameRoom<Pot>): void {
    room.state.coins -= 1;
  }

  @View()
  view({ coins }: Pot): { full: boolean } {
    return { full: coins > 9 };
  }

  migrateState(state: unknown, fromVersion: number): Pot {
    return { coins: (state as { money: number }).money + fromVersion };
  }
}

@Injectable()
class Ledger {
  readonly paid: Effect[] = [];

  @EffectHandler('pay')
  async pay(effect: Effect): Promise<void> {
    this.paid.push(effect);
  }
}

@Module({ providers: [PotGame, Bank, Ledger, { provide: 'fee', useValue: 1 }] })
class PotModule {}

function start(imports: ModuleMetadata['imports'], providers: ModuleMetadata['providers'] = []): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [GameKitModule, ...(imports ?? [])], providers })
    .compile()
    .then((module) => module.init());
}

describe('GameRegistry', () => {
  const players = [{ user: 'u1' as UserId, name: 'Ann' }];

  it('finds a game in an imported module, with defaults for omitted options', async () => {
    const registry = (await start([PotModule])).get(GameRegistry);
    expect(registry.all().map(({ definition }) => definition)).toEqual([
      {
        name: 'pot',
        version: 2,
        seats: { min: 1, max: 4 },
        durability: 'every-change',
        checkpointMs: 1_000,
        seatGraceMs: 60_000,
        stepHz: 10,
        syncHz: 10,
        draft: 'auto',
      },
    ]);
    expect(registry.get('pot')).toBe(registry.all()[0]);
    expect(registry.get('none')).toBeUndefined();
  });

  it('calls each handler on an instance with injected services', async () => {
    const rules = (await start([PotModule])).get(GameRegistry).get('pot');
    if (!rules) throw new Error('no pot');
    const machine = new RoomMachine(rules, { now: () => 0, random: () => 0 });
    let { value } = machine.start('r1' as RoomId, players);
    const play = (input: Parameters<typeof machine.handle>[1]): unknown => {
      const outcome = machine.handle(value, input);
      if (outcome.kind !== 'changed') return outcome;
      value = outcome.value;
      return value.state;
    };
    const command = (name: string, data?: unknown): unknown => play({ kind: 'command', seat: 0, seq: 1, name, data });
    expect(command('put', { coins: 4 })).toEqual({ coins: 11 });
    expect(play({ kind: 'timer', name: 'interest' })).toEqual({ coins: 12 });
    expect(play({ kind: 'step' })).toEqual({ coins: 112 });
    expect(play({ kind: 'seat', seat: 0, event: 'away' })).toEqual({ coins: 111 });
    expect(machine.view(value.state, 0)).toEqual({ full: true });
    expect(command('break')).toEqual({ coins: 0 });
    expect(command('smash-it')).toEqual({ kind: 'refused', code: 'unknown-command' });
    expect(rules.migrateState?.({ money: 5 }, 1)).toEqual({ coins: 6 });
  });

  it('refuses data that violate the schema of a command, and names the field', async () => {
    const rules = (await start([PotModule])).get(GameRegistry).get('pot');
    const put = rules?.commands.get('put');
    expect(put?.validate({ coins: 0 })).toEqual({ ok: false, message: expect.stringMatching(/^coins: /) as unknown });
    expect(put?.validate('x')).toMatchObject({ ok: false });
    expect(put?.validate({ coins: 2, extra: 1 })).toEqual({ ok: true, value: { coins: 2 } });
  });

  it('drops the data of a command that has no schema', async () => {
    const rules = (await start([PotModule])).get(GameRegistry).get('pot');
    expect(rules?.commands.get('break')?.validate({ sneaked: 'in' })).toEqual({ ok: true, value: undefined });
  });

  it('lists the effects that have a handler in a provider', async () => {
    const rules = (await start([PotModule])).get(GameRegistry).get('pot');
    expect([...(rules?.effects ?? [])]).toEqual(['pay']);
  });

  it('finds effect handlers in providers that are not games', async () => {
    const module = await start([PotModule]);
    const effect = { key: 'r1:1:0', roomId: 'r1', data: { amount: 3 } };
    await module.get(GameRegistry).effectHandlers.get('pot', 'pay')?.(effect);
    expect(module.get(Ledger, { strict: false }).paid).toEqual([effect]);
  });

  it('distinguishes effects that have the same name in two games', async () => {
    @Game({ name: 'one', version: 1, seats: 1 })
    class One extends SavingGame {}
    @Game({ name: 'other', version: 1, seats: 1 })
    class Other extends SavingGame {}
    class Handlers {
      @EffectHandler('pay')
      pay(): string {
        return 'of one';
      }
    }
    class OtherHandlers {
      @EffectHandler(Other, 'pay')
      pay(): string {
        return 'of other';
      }
      @EffectHandler('mail')
      mail(): string {
        return 'shared';
      }
    }
    @Module({ providers: [One, Handlers] })
    class OneModule {}
    @Module({ providers: [OtherHandlers] })
    class BanksModule {}
    @Module({ imports: [BanksModule], providers: [Other] })
    class OtherModule {}
    const registry = (await start([OneModule, OtherModule])).get(GameRegistry);
    const { effectHandlers } = registry;
    const effect = { key: 'k', roomId: 'r', data: null };
    expect(effectHandlers.get('one', 'pay')?.(effect)).toBe('of one');
    expect(effectHandlers.get('other', 'pay')?.(effect)).toBe('of other');
    expect(effectHandlers.get('one', 'mail')?.(effect)).toBe('shared');
    expect([...(registry.get('one')?.effects ?? [])].sort()).toEqual(['mail', 'pay']);
    expect(effectHandlers.get('third', 'pay')).toBeUndefined();
    expect(effectHandlers.get(null, 'pay')?.(effect)).toBe('of one');
  });

  it('contains all games when the `onModuleInit` of another provider runs', async () => {
    const names: string[] = [];
    @Injectable()
    class Asker {
      constructor(private readonly games: GameRegistry) {}
      onModuleInit(): void {
        names.push(...this.games.all().map(({ definition }) => definition.name));
      }
    }
    await start([PotModule], [Asker]);
    expect(names).toEqual(['pot']);
  });

  it('finds a game only once when two providers have the same class', async () => {
    const registry = (await start([], [PotGame, Bank, { provide: 'fee', useValue: 1 }, { provide: 'also', useExisting: PotGame }])).get(
      GameRegistry,
    );
    expect(registry.all()).toHaveLength(1);
  });

  it('accepts an application without games', async () => {
    expect((await start([])).get(GameRegistry).all()).toEqual([]);
  });
});

describe('the start of an application fails', () => {
  const started = (...games: Type<unknown>[]): Promise<unknown> => start([], games);
  const game = (options: Partial<GameOptions>): Type<unknown> => {
    @Game({ name: 'mine', version: 1, seats: 2, ...options })
    class Mine extends SavingGame {}
    return Mine;
  };

  it('when two games have the same name', async () => {
    @Game({ name: 'same', version: 1, seats: 1 })
    class First extends SavingGame {}
    @Game({ name: 'same', version: 1, seats: 1 })
    class Second extends SavingGame {}
    await expect(started(First, Second)).rejects.toThrow("Two games are named 'same': First and Second.");
  });

  it('when a handler is async', async () => {
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {
      // @ts-expect-error it does not compile either
      @Command()
      async slow(_room: GameRoom<Pot>): Promise<void> {}
    }
    await expect(started(Mine)).rejects.toThrow(
      'The game Mine has an async slow(); a room cannot wait: put the work in an @EffectHandler and request it with room.effect(…).',
    );
  });

  it('when `migrateState` is async', async () => {
    @Game({ name: 'mine', version: 2, seats: 1 })
    class Mine extends SavingGame {}
    Object.assign(Mine.prototype, { migrateState: async () => ({ coins: 0 }) });
    await expect(started(Mine)).rejects.toThrow('The game Mine has an async migrateState(); a room cannot wait');
  });

  it('when two handlers handle the same input', async () => {
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {
      @OnTimer('go')
      protected go(_room: GameRoom<Pot>): void {}
      @OnTimer('go')
      protected run(_room: GameRoom<Pot>): void {}
    }
    await expect(started(Mine)).rejects.toThrow("The game Mine has two handlers for the timer 'go': go() and run().");

    @Game({ name: 'mine', version: 1, seats: 1 })
    class Again extends SavingGame {
      @OnTimer('interest')
      protected more(_room: GameRoom<Pot>): void {}
    }
    await expect(started(Again)).rejects.toThrow("two handlers for the timer 'interest': more() and interest()");
  });

  it('when the match options of a game without a @Bot method request bots', async () => {
    const match = { modes: { alone: { botsAfterMs: 1_000 } } };
    await expect(started(game({ seats: { min: 1, max: 2 }, match }))).rejects.toThrow(
      'match.botsAfterMs, but no code that plays bots; add a method with @Bot',
    );
  });

  it('when a game has no setup', async () => {
    // @ts-expect-error it does not compile either
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine {}
    await expect(started(Mine)).rejects.toThrow('The game Mine has no setup(room) method to make its first state.');
  });

  it.each<[Partial<GameOptions>, string]>([
    [{ seats: 0 }, 'The game Mine has 0 seats; give a whole number from 1 to 1000, or { min, max } with two of them.'],
    [{ seats: { min: 3, max: 2 } }, 'has at most 2 seats, but at least 3'],
    [{ seats: undefined }, 'The game Mine has no seats; give a whole number'],
    [{ seats: null as never }, 'has null seats'],
    [{ seats: 1.5 }, 'has 1.5 seats'],
    [{ seats: Number.NaN }, 'has NaN seats'],
    [{ seats: '2' as never }, "has '2' seats"],
    [{ seats: true as never }, 'has true seats'],
    [{ seats: 1_001 }, 'has 1001 seats'],
    [{ seats: {} as never }, 'has seats from undefined to undefined'],
    [{ seats: { min: 2 } as never }, 'has seats from 2 to undefined'],
    [{ seats: { min: 0, max: 2 } }, 'has seats from 0 to 2'],
    [{ seats: { min: 1, max: '4' as never } }, "has seats from 1 to '4'"],
    [{ seats: [2, 4] as never }, 'has seats from undefined to undefined'],
    [{ name: undefined }, 'has the name undefined'],
    [{ version: undefined }, 'has version undefined; give a whole number from 1'],
    [{ version: '2' as never }, "has version '2'"],
    [{ checkpointMs: Number.NaN }, 'has checkpointMs NaN'],
    [{ checkpointMs: '5' as never }, "has checkpointMs '5'"],
    [{ seatGraceMs: Number.POSITIVE_INFINITY }, 'has seatGraceMs Infinity'],
    [{ name: 'Tic Tac' }, "has the name 'Tic Tac'"],
    [{ name: 'a{b}' }, "has the name 'a{b}'"],
    [{ version: 0 }, 'has version 0'],
    [{ version: 1.5 }, 'has version 1.5'],
    [{ durability: 'sometimes' as 'none' }, "has durability 'sometimes'; give one of every-change, checkpoint, none"],
    [{ checkpointMs: 0 }, 'has checkpointMs 0'],
    [{ seatGraceMs: -1 }, 'has seatGraceMs -1'],
    [{ syncHz: -1 }, 'has syncHz -1; give a number of syncs a second up to 60, or 0 to send each change at once'],
    [{ syncHz: 61 }, 'has syncHz 61'],
    [{ syncHz: Number.NaN }, 'has syncHz NaN'],
    [{ syncHz: '20' as never }, "has syncHz '20'"],
    [{ quantize: 0 }, 'has a quantize that is not valid. The step is 0: it must be a positive finite number.'],
    [{ quantize: '0.1' as never }, "has quantize '0.1'; give the distance of two numbers, such as 0.01"],
    [{ quantize: [0.1] as never }, 'or such distances by path'],
    [{ quantize: { 'ships..x': 1 } }, 'The path "ships..x" has an empty name'],
    [{ quantize: { 'ships.*.x': -1 } }, 'The step of ships.*.x is -1'],
    [{ draft: 'mine' as never }, "has draft 'mine'; give one of proxy, copy, auto"],
    [{ options: {} as never }, 'has options that are no schema; give a Standard Schema'],
    [{ match: 1 as never }, 'has match 1; give an object'],
    [{ match: { windw: 1 } as never }, 'has match.windw, which does not exist; give one of players, teams, skill,'],
    [{ match: { rating: 'yes' as never } }, "has match.rating 'yes'; give true, false or 'per-mode'"],
    [{ match: { players: 3 } }, 'has match.players 3; the game has 2 to 2 seats'],
    [{ match: { players: 0 } }, 'has match.players 0; give a whole number, or { min, max } with two of them'],
    [{ match: { players: 2, teams: { count: 2, size: 1 } } }, 'has match.players and match.teams; give one of them'],
    [{ match: { teams: { count: 2, size: 2 } } }, 'has match.teams.size 2, times 2 teams; the game has 2 to 2 seats'],
    [{ match: { teams: { count: 1, size: 2 } } }, 'has match.teams.count 1; give a whole number from 2'],
    [{ match: { skill: { from: 2, to: 1 } } }, 'has match.skill from 2 to 1; give a limit that widens, with from at most to'],
    [{ match: { skill: { from: -1, to: 1 } } }, 'has match.skill.from -1; give a number of points from 0'],
    [{ match: { latency: { from: 50 } } }, 'has match.latency with only one of from and to; give both'],
    [{ match: { fillMs: -1 } }, 'has match.fillMs -1; give a time in ms from 0 to 86400000'],
    [{ match: { acceptMs: 0 } }, 'has match.acceptMs 0; give a time in ms above 0 to 86400000'],
    [{ match: { expireMs: '9' as never } }, "has match.expireMs '9'; give a time in ms above 0"],
    [{ match: { backfill: { waiting: 1 as never } } }, 'has match.backfill.waiting 1; give true or false'],
    [{ match: { options: {} } }, 'has match.options, but no schema for them; give @Game({ options: … })'],
    [{ match: { rating: 'per-team' as never } }, "has match.rating 'per-team'; give true, false or 'per-mode'"],
    [{ match: { rating: 'per-mode' } }, "has match.rating 'per-mode' and no match.modes; give the modes, or the rating true"],
    [{ match: { modes: {} } }, 'has 0 match.modes; give 1 to 32, or none'],
    [{ match: { modes: { 'Two Teams': {} } } }, "has the mode 'Two Teams'; give up to 32 lower-case letters, digits and dashes"],
    [{ match: { modes: { duel: { fillMs: -1 } } } }, 'has match.modes.duel.fillMs -1; give a time in ms from 0'],
    [{ match: { modes: { duel: { rating: true } as never } } }, 'has match.modes.duel.rating, which does not exist'],
  ])('when the options of @Game are %j', async (options, sentence) => {
    await expect(started(game(options))).rejects.toThrow(sentence);
  });

  it('when @Game has no options', async () => {
    @Game(undefined as never)
    class Mine extends SavingGame {}
    await expect(started(Mine)).rejects.toThrow('The game Mine has the name undefined');
  });

  it.each<[string, MethodDecorator, string]>([
    [
      'a schema that is an object',
      Command({} as never) as never,
      "has go() with an invalid schema of the command 'go': a value of type object; give a Standard Schema",
    ],
    [
      'a schema that is undefined',
      Command(undefined as never) as never,
      "invalid schema of the command 'go': undefined (do two files import each other?)",
    ],
    ['a schema that is null', Command(null as never) as never, "invalid schema of the command 'go': null"],
    [
      'a schema with the key of a Standard Schema but no validate',
      Command({ '~standard': { version: 1 } } as never) as never,
      "invalid schema of the command 'go'",
    ],
    ['a second argument that is no schema', Command('go', {} as never) as never, "has go() with an invalid schema of the command 'go'"],
    ['a second argument that is undefined', Command('go', undefined as never) as never, "invalid schema of the command 'go': undefined"],
    ['a command without a name', Command('') as never, "has go() with @Command(''); a name is a text of 1 to 64 characters"],
    ['a timer without a name', OnTimer('') as never, "has go() with @OnTimer(''); a name is a text"],
    ['a timer whose name is undefined', OnTimer(undefined as never) as never, 'has go() with @OnTimer(undefined)'],
    [
      "a timer of the room's own",
      OnTimer('$left:0') as never,
      "has go() with @OnTimer('$left:0'); names that begin with $ are the room's own",
    ],
    [
      'a seat event that never happens',
      OnSeat('leaves' as never) as never,
      "has go() with @OnSeat('leaves'), which never happens; give one of 'joined', 'away', 'back', 'left'",
    ],
    ['no seat event', (OnSeat as () => unknown)() as never, 'has go() with @OnSeat() and no event'],
    ['an effect without a name', EffectHandler('') as never, "has go() with @EffectHandler('')"],
  ])('when a decorator has %s', async (_, decorator, sentence) => {
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {
      @(decorator as MethodDecorator)
      go(_room: GameRoom<Pot>): void {}
    }
    await expect(started(Mine)).rejects.toThrow(`The game Mine`);
    await expect(started(Mine)).rejects.toThrow(sentence);
  });

  it('when a provider that is not a game has a decorator without its argument', async () => {
    class Mailer {
      @EffectHandler(undefined as never)
      send(): void {}
    }
    await expect(started(Mailer)).rejects.toThrow('The provider Mailer has send() with @EffectHandler(undefined)');
  });

  it('when a provider of effects is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Mailer {
      @EffectHandler('mail')
      send(): void {}
    }
    await expect(started(Mailer)).rejects.toThrow('The provider Mailer handles effects and is request-scoped');
  });

  it('when a game has an invalid step rate', async () => {
    const stepping = (hz: unknown): Type<unknown> => {
      @Game({ name: 'mine', version: 1, seats: 1 })
      class Mine extends SavingGame {
        @OnStep(hz as number)
        protected step(_room: GameRoom<Pot>): void {}
      }
      return Mine;
    };
    for (const hz of [undefined, 0, -1, Number.NaN, '20'])
      await expect(started(stepping(hz))).rejects.toThrow('give the number of steps a second, as in @OnStep(20)');
    await expect(started(stepping(1_000))).rejects.toThrow('makes 1000 steps a second; give a number up to 60');
    await expect(started(stepping(60))).resolves.toBeDefined();
  });

  it('when a handler is in a class that is not a game', async () => {
    class Helper {
      @Command()
      lost(_room: GameRoom<Pot>): void {}
    }
    await expect(start([], [Helper])).rejects.toThrow('Helper.lost() handles commands of a game, but Helper has no @Game decorator.');
  });

  it('when one effect has two handlers', async () => {
    class SecondLedger {
      @EffectHandler('pay')
      pay(): void {}
    }
    await expect(start([], [Ledger, SecondLedger])).rejects.toThrow(
      "The effect 'pay' has two handlers: Ledger.pay() and SecondLedger.pay().",
    );
  });

  it('when a game has two @OnLoad methods, or an @OnLoad method belongs to no game', async () => {
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {}
    class Loader {
      @OnLoad()
      load(): void {}
    }
    class OtherLoader {
      @OnLoad(Mine)
      fetch(): void {}
    }
    await expect(start([], [Mine, Loader, OtherLoader])).rejects.toThrow(
      "The game 'mine' has two methods with @OnLoad; the second is OtherLoader.fetch().",
    );
    await expect(start([], [Loader])).rejects.toThrow('Loader.load() has @OnLoad for no game: give it the class of a game');
    class NoGame {}
    class LostLoader {
      @OnLoad(NoGame)
      load(): void {}
    }
    await expect(start([], [LostLoader])).rejects.toThrow('LostLoader handles effects or loads of NoGame, which has no @Game decorator.');
  });

  it('when the time limit of a result or of a load is not a valid number of milliseconds', async () => {
    class Slow {
      @OnLoad({ timeoutMs: 3_600_000 })
      load(): void {}
    }
    await expect(start([], [Slow])).rejects.toThrow(
      'has load() with @OnLoad(…) with timeoutMs 3600000; give a whole number of ms from 1 to 60000',
    );
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {
      @OnResult('pay', { attempts: 0 })
      protected paid(_room: GameRoom<Pot>): void {}
    }
    await expect(started(Mine)).rejects.toThrow("has paid() with @OnResult('pay', …) with attempts 0; give a whole number from 1 to 1000");
  });

  it('when a game is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Game({ name: 'mine', version: 1, seats: 1 })
    class Mine extends SavingGame {
      constructor(readonly other: PerRequest) {
        super();
      }
    }
    await expect(started(Mine, PerRequest)).rejects.toThrow('The game Mine is request-scoped');
  });
});

import { z } from 'zod';
import type { Seat } from '#libs/protocol';
import type { GameRoom, Setup } from '#libs/room';
import { Game } from './game.decorator.js';
import type { CommandCallsOf, GameRules, GameStateOf } from './game-rules.js';
import { Command, EffectHandler, OnSeat, OnStep, OnTimer, View } from './handler.decorators.js';
import { handlesOf } from './handles.js';

interface Pot {
  coins: number;
}

const Put = z.object({ coins: z.int() });

/** `tsc` checks each `@ts-expect-error`: the line below it must not compile. */
describe('the decorators of handlers', () => {
  it('accept handlers with the right types and any number of parameters', () => {
    class Right {
      @Command(Put)
      put(room: GameRoom<Pot>, { coins }: z.infer<typeof Put>): void {
        room.state.coins += coins;
      }
      @Command(Put)
      shake(_room: GameRoom<Pot>): void {}
      @Command()
      @OnTimer('empty')
      empty(room: GameRoom<Pot>): void {
        if (room.state.coins === 0) return room.end({ winner: null });
        room.state.coins = 0;
      }
      @OnStep(20)
      protected step(_room: GameRoom<Pot>, _stepMs: number): void {}
      @OnSeat('away', 'left')
      protected gone(_room: GameRoom<Pot>): void {}
      @View()
      view({ coins }: Pot, seat: Seat | null): { coins: number | null } {
        return { coins: seat === null ? null : coins };
      }
      @EffectHandler('pay')
      async pay({ data }: { data: { amount: number } }): Promise<number> {
        return data.amount;
      }
    }
    const kinds = Object.getOwnPropertyNames(Right.prototype).flatMap((name) =>
      handlesOf((Right.prototype as unknown as Record<string, object>)[name]).map(({ kind }) => kind),
    );
    expect(kinds).toEqual(['command', 'command', 'command', 'timer', 'step', 'seat', 'seat', 'view', 'effect']);
  });

  it('cause a compile error on an async handler', () => {
    class Async {
      // @ts-expect-error a room cannot wait
      @Command(Put)
      async put(_room: GameRoom<Pot>, _data: { coins: number }): Promise<void> {}
      // @ts-expect-error
      @Command()
      async empty(_room: GameRoom<Pot>): Promise<void> {}
      // @ts-expect-error
      @OnTimer('empty')
      async onTimer(_room: GameRoom<Pot>): Promise<void> {}
      // @ts-expect-error
      @OnStep(1)
      async step(_room: GameRoom<Pot>): Promise<void> {}
      // @ts-expect-error
      @OnSeat('left')
      async left(_room: GameRoom<Pot>): Promise<void> {}
      // @ts-expect-error
      @View()
      async view(state: Pot): Promise<Pot> {
        return state;
      }
    }
    expect(Async).toBeDefined();
  });

  it('cause a compile error for wrong data, a first parameter that is not a room, or data without a schema', () => {
    class Wrong {
      // @ts-expect-error the schema gives a number of coins
      @Command(Put)
      put(_room: GameRoom<Pot>, _data: { coins: string }): void {}
      // @ts-expect-error a command without a schema has no data
      @Command()
      take(_room: GameRoom<Pot>, _data: { coins: number }): void {}
      // @ts-expect-error the first parameter must be a room
      @Command()
      name(_name: string): void {}
      // @ts-expect-error clients know a view by its name
      @View()
      look(state: Pot): Pot {
        return state;
      }
    }
    expect(Wrong).toBeDefined();
  });

  it('give a command the name of its method', () => {
    class Named {
      @Command(Put)
      put(_room: GameRoom<Pot>): void {}
      @Command('take-it', Put)
      'take-it'(_room: GameRoom<Pot>): void {}
      @Command('leave-it')
      'leave-it'(_room: GameRoom<Pot>): void {}
    }
    const { put, 'take-it': take, 'leave-it': leave } = Named.prototype;
    expect([put, take, leave].flatMap(handlesOf)).toEqual([
      { kind: 'command', name: 'put', schema: Put },
      { kind: 'command', name: 'take-it', schema: Put },
      { kind: 'command', name: 'leave-it', schema: null },
    ]);
  });
});

describe('a command whose given name is not the name of its method', () => {
  it('causes a compile error, and makes the decorator record an error message that says what to do', () => {
    class Renamed {
      // @ts-expect-error the method must be 'take-it'
      @Command('take-it', Put)
      take(_room: GameRoom<Pot>): void {}
      // @ts-expect-error the method must be 'leave-it'
      @Command('leave-it')
      leave(_room: GameRoom<Pot>): void {}
    }
    expect(handlesOf(Renamed.prototype.take)).toEqual([
      {
        kind: 'flawed',
        flaw: "@Command('take-it'); name the method 'take-it'(room, data), so that the client knows it by this name",
      },
    ]);
  });
});

describe('the decorator @Game', () => {
  it('causes a compile error on a class without a synchronous setup', () => {
    // @ts-expect-error no setup
    @Game({ name: 'none', version: 1, seats: 1 })
    class None {}
    // @ts-expect-error the first state cannot be awaited
    @Game({ name: 'slow', version: 1, seats: 1 })
    class Slow {
      async setup(_room: Setup): Promise<Pot> {
        return { coins: 0 };
      }
    }
    expect([None, Slow]).toHaveLength(2);
  });
});

describe('the types that a game gives to its client', () => {
  class Rules implements GameRules<Pot> {
    setup(_room: Setup): Pot {
      return { coins: 0 };
    }
    put(_room: GameRoom<Pot>, _data: { coins: number }): void {}
    empty(_room: GameRoom<Pot>): void {}
    view(state: Pot, _seat: Seat | null): Pot {
      return state;
    }
    protected hidden(_room: GameRoom<Pot>): void {}
  }

  it('include its commands and its state', () => {
    const names: Record<keyof CommandCallsOf<Rules>, true> = { put: true, empty: true };
    const calls = {} as CommandCallsOf<Rules>;
    const use = (state: GameStateOf<Rules>): void => {
      calls.put({ coins: state.coins });
      calls.empty();
      // @ts-expect-error the coins are missing
      calls.put({});
    };
    expect(Object.keys(names)).toEqual(['put', 'empty']);
    expect(use).toBeDefined();
  });
});

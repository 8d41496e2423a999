import { z } from 'zod';
import type { Room } from '#libs/client';
import type { EffectResult, GameRoom, GameStart, GameTypes, Setup } from '#libs/room';
import type { Effect } from './effect.js';
import { Game } from './game.decorator.js';
import type { GameRules, TypesOf } from './game-rules.js';
import type { GameTest } from './game-test.js';
import { Command, EffectHandler, OnLoad, OnResult } from './handler.decorators.js';

interface Table {
  pot: number;
}

interface Charge {
  readonly user: string;
  readonly coins: number;
}

interface Charged {
  readonly left: number;
}

interface CasinoTypes extends GameTypes {
  events: { dealt: { cards: number }; closed: undefined };
  effects: { charge: { data: Charge; result: Charged }; won: { data: { user: string } }; close: object };
  claims: { rank: number };
  loaded: { decks: number };
}

type Place = GameRoom<Table, never, CasinoTypes>;

const Bet = z.object({ coins: z.int() });

@Game({ name: 'casino', version: 1, seats: 2 })
class Casino implements GameRules<Table> {
  setup({ loaded, seats }: Setup<undefined, CasinoTypes>): Table {
    const ranks: (number | undefined)[] = seats.map(({ claims }) => claims?.rank);
    return { pot: loaded.decks + ranks.length };
  }

  @Command(Bet)
  'place-bet'(room: Place, { coins }: z.infer<typeof Bet>): void {
    room.effect('charge', { user: 'ada', coins });
  }

  @OnResult('charge')
  protected charged(room: Place, result: EffectResult<Charged, Charge>): void {
    if (result.ok) room.state.pot += result.request.coins;
  }
}

/** `tsc` checks each `@ts-expect-error`: the line below it must not compile. */
describe('the declared names of a game', () => {
  it('cause compile errors for undeclared names and wrong data in handlers', () => {
    const use = (room: Place): void => {
      room.emit('dealt', { cards: 3 });
      room.emit('dealt', { cards: 3 }, [0]);
      room.emit('closed');
      room.effect('won', { user: 'ada' });
      room.effect('close');
      // @ts-expect-error no such event
      room.emit('delt', { cards: 3 });
      // @ts-expect-error wrong data
      room.emit('dealt', { cards: 'three' });
      // @ts-expect-error the data is missing
      room.emit('dealt');
      // @ts-expect-error no such effect
      room.effect('charges', { user: 'ada', coins: 1 });
      // @ts-expect-error wrong data
      room.effect('charge', { user: 'ada', coins: '1' });
      // @ts-expect-error the data is missing
      room.effect('charge');
      // @ts-expect-error no such claim
      room.seats[0]?.claims?.level;
      // @ts-expect-error nothing else was loaded
      room.loaded.maps;
    };
    expect(use).toBeDefined();
  });

  it('permit every name when the game declares no names', () => {
    const use = (room: GameRoom<Table>): void => {
      room.emit('anything', { at: 'all' }, [0]);
      room.emit('anything');
      room.effect('anything', 1);
    };
    expect(use).toBeDefined();
  });

  it('cause a compile error for a handler of an effect or a load with an undeclared name or wrong types', () => {
    class Right {
      @EffectHandler(Casino, 'charge')
      async charge({ data }: Effect<Charge>): Promise<Charged> {
        return { left: data.coins };
      }
      @EffectHandler(Casino, 'won')
      won(_effect: Effect<{ user: string }>): void {}
      @OnLoad(Casino)
      async load(_start: GameStart): Promise<{ decks: number }> {
        return { decks: 2 };
      }
    }
    class Wrong {
      // @ts-expect-error no such effect
      @EffectHandler(Casino, 'charges')
      async name(_effect: Effect<Charge>): Promise<Charged> {
        return { left: 0 };
      }
      // @ts-expect-error the data has no `sum`
      @EffectHandler(Casino, 'charge')
      async data(_effect: Effect<{ sum: number }>): Promise<Charged> {
        return { left: 0 };
      }
      // @ts-expect-error the result has the wrong type
      @EffectHandler(Casino, 'charge')
      async result(_effect: Effect<Charge>): Promise<{ right: number }> {
        return { right: 0 };
      }
      // @ts-expect-error the load has the wrong type
      @OnLoad(Casino)
      async load(_start: GameStart): Promise<{ maps: number }> {
        return { maps: 2 };
      }
      // @ts-expect-error no such effect
      @OnResult('charges')
      protected unknownName(_room: Place, _result: EffectResult<Charged, Charge>): void {}
      // @ts-expect-error the result has the wrong type
      @OnResult('charge')
      protected wrongResult(_room: Place, _result: EffectResult<{ right: number }, Charge>): void {}
      // @ts-expect-error a room cannot wait
      @OnResult('charge')
      protected async slow(_room: Place): Promise<void> {}
    }
    expect([Right, Wrong]).toHaveLength(2);
  });

  it('cause compile errors for undeclared names and wrong data in the client and in GameTest', () => {
    const types: TypesOf<Casino>['events'] = { dealt: { cards: 1 }, closed: undefined };
    const use = (room: Room<Casino>, test: GameTest<Casino>): void => {
      void room.send('place-bet', { coins: 3 });
      // @ts-expect-error the name of the command is 'place-bet'
      void room.send('placeBet', { coins: 3 });
      // @ts-expect-error wrong data
      void room.send('place-bet', { coins: 'three' });
      room.on('event', (event) => {
        if (event.name !== 'dealt') return;
        const cards: number = event.data.cards;
        // @ts-expect-error no such data
        event.data.maps;
        expect(cards).toBeDefined();
      });
      test.as(0)['place-bet']({ coins: 3 });
      test.result('charge', { left: 3 });
      test.fail('charge', 'no-money');
      // @ts-expect-error wrong data
      test.as(0)['place-bet']({ coins: 'three' });
      // @ts-expect-error wrong result
      test.result('charge', { right: 3 });
      // @ts-expect-error no such effect
      test.result('charges', { left: 3 });
    };
    expect(use).toBeDefined();
    expect(types.dealt.cards).toBe(1);
  });
});

import { z } from 'zod';
import type { EffectResult, GameRoom, GameStart, GameTypes, Setup } from '#libs/room';
import { type Effect, refuse } from './effect.js';
import { Game } from './game.decorator.js';
import type { GameRules } from './game-rules.js';
import { GameTest } from './game-test.js';
import { Command, EffectHandler, OnLoad, OnResult } from './handler.decorators.js';

interface Table {
  ranks: (number | null)[];
  decks: number;
  bets: Record<string, string>;
}

interface Types extends GameTypes {
  effects: { charge: { data: { bet: string }; result: { left: number } } };
  claims: { rank: number };
  loaded: { decks: number };
}

@Game({ name: 'table', version: 1, seats: { min: 1, max: 4 } })
class TableGame implements GameRules<Table> {
  setup({ seats, loaded }: Setup<undefined, Types>): Table {
    return { ranks: seats.map(({ claims }) => claims?.rank ?? null), decks: loaded.decks, bets: {} };
  }

  @Command(z.string())
  bet(room: GameRoom<Table, never, Types>, bet: string): void {
    room.state.bets[bet] = 'pending';
    room.effect('charge', { bet });
  }

  @OnResult('charge', { timeoutMs: 5_000 })
  protected charged(room: GameRoom<Table, never, Types>, result: EffectResult<{ left: number }, { bet: string }>): void {
    room.state.bets[result.request.bet] = result.ok ? `paid, ${result.data.left} left` : result.code;
  }
}

class Wallet {
  @OnLoad(TableGame)
  async decks({ seats }: GameStart<undefined, Types>): Promise<{ decks: number }> {
    return { decks: seats.length * 2 };
  }

  @EffectHandler(TableGame, 'charge')
  async charge({ data }: Effect<{ bet: string }>): Promise<{ left: number }> {
    if (data.bet === 'too-much') throw refuse('no-money');
    return { left: 7 };
  }
}

const play = (more: Partial<Parameters<typeof GameTest.create>[1]> = {}) =>
  GameTest.create(TableGame, { players: ['Ann', { name: 'Bob', claims: { rank: 3 } }], providers: [Wallet], ...more });

describe('GameTest with awaited effects', () => {
  it('passes the claims and the loaded data of the test to the setup of the game', async () => {
    expect((await play()).state).toEqual({ ranks: [null, 3], decks: 4, bets: {} });
    expect((await play({ loaded: { decks: 1 } })).state.decks).toBe(1);
  });

  it('assigns each result to the oldest awaited effect', async () => {
    const game = await play();
    game.as(0).bet('a');
    game.as(1).bet('b');
    expect(game.awaited).toHaveLength(2);
    game.result('charge', { left: 2 });
    game.fail('charge', 'no-money');
    expect(game.state.bets).toEqual({ a: 'paid, 2 left', b: 'no-money' });
    expect(() => game.result('charge', { left: 1 })).toThrow("table does not wait for a result of 'charge'. It waits for: none.");
  });

  it('gives the game a failure when the time limit of an effect is over', async () => {
    const game = await play();
    game.as(0).bet('a');
    game.advance(4_999);
    expect(game.state.bets).toEqual({ a: 'pending' });
    game.advance(1);
    expect(game.state.bets).toEqual({ a: 'timed-out' });
  });

  it('takes the results from the handlers of the providers or of the test', async () => {
    const game = await play();
    game.as(0).bet('a');
    game.as(0).bet('too-much');
    await game.settle();
    expect(game.state.bets).toEqual({ a: 'paid, 7 left', 'too-much': 'no-money' });
    const other = await play({ handlers: { charge: () => ({ left: 0 }) } });
    other.as(0).bet('a');
    await other.settle();
    expect(other.state.bets).toEqual({ a: 'paid, 0 left' });
  });
});

import { GameTest } from '@holdfast/game-kit';
import { describe, expect, it } from 'vitest';
import { Countdown } from './countdown.js';

const play = () => GameTest.create(Countdown, { players: ['Ann', 'Bob'] });

describe('countdown', () => {
  it('is won by the player who takes the last coin', async () => {
    const game = await play();
    for (let turn = 0; turn < 7; turn += 1) game.as(turn % 2).take({ coins: 3 });
    expect(game.ended?.result).toEqual({ winner: 0 });
  });

  it('refuses a move out of turn, and more than three coins', async () => {
    const game = await play();
    expect(game.command(1, 'take', { coins: 1 })).toBe('not-your-turn');
    expect(game.command(0, 'take', { coins: 4 })).toBe('bad-data');
    expect(game.state).toEqual({ coins: 21, turn: 0 });
  });

  it('passes the turn of a player who takes too long', async () => {
    const game = await play();
    game.advance(20_000);
    expect(game.state.turn).toBe(1);
  });
});

import { GameTest } from '@holdfast/game-kit';
import { describe, expect, it } from 'vitest';
import { HighCard } from './high-card.js';

const play = () => GameTest.create(HighCard, { players: ['Ann', 'Bob'], seed: 7 });

describe('high card', () => {
  it('deals five cards to each player, and no card twice', async () => {
    const { state } = await play();
    expect(state.hands.map(({ length }) => length)).toEqual([5, 5]);
    expect(new Set(state.hands.flat()).size).toBe(10);
  });

  it("shows a player the cards of that player, but only the number of the opponent's cards", async () => {
    const game = await play();
    const [own, other] = game.state.hands as [number[], number[]];
    const seen = JSON.stringify(game.view(0));
    expect(game.view(0)).toMatchObject({ hand: own, handSizes: [5, 5] });
    expect(seen).not.toContain(JSON.stringify(other));
    expect(game.view(null)).toMatchObject({ hand: [] });
  });

  it('hides a card that lies face down', async () => {
    const game = await play();
    game.as(1).play({ card: game.state.hands[1]![0]! });
    expect(game.view(0)).toMatchObject({ hasPlayed: [false, true], last: null });
  });

  it('refuses a card of another hand, and a second card in one round', async () => {
    const game = await play();
    const [own, other] = game.state.hands as [number[], number[]];
    expect(game.command(0, 'play', { card: other[0] })).toBe('not-your-card');
    game.as(0).play({ card: own[0]! });
    expect(game.command(0, 'play', { card: own[1] })).toBe('played-already');
  });

  it('is won by the player with more rounds', async () => {
    const game = await play();
    while (!game.ended) for (const seat of [0, 1]) game.as(seat).play({ card: game.state.hands[seat]![0]! });
    const [first, second] = game.state.wins as [number, number];
    expect(first + second).toBe(5);
    expect(game.ended.result).toEqual({ winner: first > second ? 0 : 1 });
  });
});

import { GameTest } from '@holdfast/game-kit';
import { Ranking } from './ranking.js';
import { RockPaperScissors } from './rock-paper-scissors.js';

const play = () => GameTest.create(RockPaperScissors, { players: ['Ann', 'Bob'] });

describe('the example game rock, paper, scissors', () => {
  it('ends when a player has two wins', async () => {
    const game = await play();
    game.as(0).show({ hand: 'rock' });
    game.as(1).show({ hand: 'scissors' });
    expect(game.state.wins).toEqual([1, 0]);
    game.as(1).show({ hand: 'rock' });
    game.as(0).show({ hand: 'paper' });
    expect(game.ended?.result).toEqual({ winner: 0 });
  });

  it('refuses a second hand in the same round', async () => {
    const game = await play();
    game.as(0).show({ hand: 'rock' });
    expect(() => game.as(0).show({ hand: 'paper' })).toThrow('shown-already');
    expect(game.command(1, 'show', { hand: 'dynamite' })).toBe('bad-data');
  });

  it('hides a hand until both players have shown their hands', async () => {
    const game = await play();
    game.as(0).show({ hand: 'rock' });
    expect(game.view(0)).toMatchObject({ hands: ['rock', null] });
    expect(game.view(1)).toMatchObject({ hands: [null, null] });
    expect(game.view(null)).toMatchObject({ hands: [null, null] });
  });

  it('gives the round to the only player who showed a hand in time', async () => {
    const game = await play();
    game.as(1).show({ hand: 'paper' });
    game.advance(10_000);
    expect(game.events).toEqual([{ name: 'revealed', data: { hands: [null, 'paper'], winner: 1 } }]);
    expect(game.state).toEqual({ hands: [null, null], wins: [0, 1], round: 2 });
  });

  it('ends in a draw when no player ever shows a hand', async () => {
    const game = await play();
    game.advance(90_000);
    expect(game.ended?.result).toEqual({ winner: null });
  });

  it('ends with a win of the remaining player when the opponent is away for 30 s', async () => {
    const game = await play();
    game.seat(0).away();
    game.as(1).show({ hand: 'rock' });
    game.advance(30_000);
    expect(game.ended?.result).toEqual({ winner: 1 });
  });

  it('counts a win only once when the effect of the win runs repeatedly', async () => {
    const game = await play();
    game.seat(0).left();
    const [effect] = game.effects;
    expect(effect).toMatchObject({ name: 'won', data: { user: 'user-of-Bob' } });
    const ranking = new Ranking();
    const won = { key: effect.key, roomId: 'test', data: { user: 'user-of-Bob' } };
    await ranking.count(won);
    await ranking.count(won);
    expect(ranking.pointsOf('user-of-Bob')).toBe(1);
  });

  it('continues games that version 1 began', () => {
    expect(new RockPaperScissors().migrateState({ hands: [null, 'rock'], wins: [1, 0] }, 1)).toEqual({
      hands: [null, 'rock'],
      wins: [1, 0],
      round: 2,
    });
  });
});

import { Replay } from './replay.js';

describe('the game on the page', () => {
  it('shows the position after the moves of the room', () => {
    const replay = new Replay();
    replay.follow(['f3', 'e5', 'g4', 'Qh4#']);
    expect(replay.last()).toMatchObject({ from: 'd8', to: 'h4' });
    expect(replay.checked()).toBe('e1');
    expect(replay.at('h4')).toEqual({ kind: 'q', side: 'b' });
  });

  it('shows a move of the player before the room confirms the move, and can undo the move', () => {
    const replay = new Replay();
    replay.follow(['e4']);
    replay.tryOut('e7', 'e5', undefined);
    expect(replay.turn).toBe('w');
    replay.takeBack();
    expect(replay.turn).toBe('b');
    expect(replay.at('e5')).toBeNull();
  });

  it('does not play a move of the player a second time when the room confirms the move', () => {
    const replay = new Replay();
    replay.tryOut('e2', 'e4', undefined);
    replay.follow(['e4', 'e5']);
    expect(replay.isAhead).toBe(false);
    expect(replay.last()).toMatchObject({ from: 'e7', to: 'e5' });
  });

  it('shows the start position when a new game begins', () => {
    const replay = new Replay();
    replay.follow(['e4', 'e5']);
    replay.follow([]);
    expect(replay.at('e2')).toEqual({ kind: 'p', side: 'w' });
    expect(replay.last()).toBeNull();
  });

  it('starts from a given position, and the next game starts from the standard position', () => {
    const replay = new Replay();
    replay.follow(['Rb1#'], '8/8/8/8/8/6k1/1r6/6K1 b - - 0 50');
    expect(replay.at('b1')).toEqual({ kind: 'r', side: 'b' });
    expect(replay.checked()).toBe('g1');
    replay.follow([]);
    expect(replay.at('e2')).toEqual({ kind: 'p', side: 'w' });
  });

  it('counts the material advantage in pawns', () => {
    const replay = new Replay();
    replay.follow(['e4', 'd5', 'exd5', 'Qxd5']);
    expect(replay.balance()).toBe(0);
    replay.follow(['e4', 'd5', 'exd5']);
    expect(replay.balance()).toBe(1);
  });
});

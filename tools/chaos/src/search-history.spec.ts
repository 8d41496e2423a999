import { SearchHistory } from './search-history.js';

function newHistory() {
  const violations: string[] = [];
  return { violations, history: new SearchHistory(2, (sentence) => violations.push(sentence)) };
}

describe('the history of searches', () => {
  it('accepts two players in one room and a cancelled search', () => {
    const { history, violations } = newHistory();
    for (const player of ['ada', 'bob']) history.begin(player, 0)('matched', 'r1');
    history.begin('ada', 1)('cancelled');
    history.begin('ada', 2)('matched', 'r2');
    expect(violations).toEqual([]);
    expect([history.count('matched'), history.count('cancelled')]).toEqual([3, 1]);
  });

  it('reports a third player in a room, and a search with two outcomes', () => {
    const { history, violations } = newHistory();
    for (const player of ['ada', 'bob', 'cy', 'ada']) history.begin(player, 0)('matched', 'r1');
    const end = history.begin('dora', 0);
    end('cancelled');
    end('refused');
    expect(violations).toEqual([
      '3 players were matched into the room r1: ada, bob, cy',
      'two searches of ada ended in the room r1',
      '4 players were matched into the room r1: ada, bob, cy, ada',
      'a search of dora ended as cancelled and as refused',
    ]);
  });

  it('names the players whose search has no outcome', () => {
    const { history } = newHistory();
    history.begin('ada', 0);
    history.begin('bob', 10);
    expect(history.waitingSince(5)).toEqual(['ada']);
  });
});

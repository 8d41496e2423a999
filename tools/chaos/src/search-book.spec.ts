import { SearchBook } from './search-book.js';

function newBook() {
  const violations: string[] = [];
  return { violations, book: new SearchBook(2, (sentence) => violations.push(sentence)) };
}

describe('the checker of the history of searches', () => {
  it('accepts two players in one room and a cancelled search', () => {
    const { book, violations } = newBook();
    for (const player of ['ada', 'bob']) book.begin(player, 0)('matched', 'r1');
    book.begin('ada', 1)('cancelled');
    book.begin('ada', 2)('matched', 'r2');
    expect(violations).toEqual([]);
    expect([book.count('matched'), book.count('cancelled')]).toEqual([3, 1]);
  });

  it('reports a third player in a room, and a search with two outcomes', () => {
    const { book, violations } = newBook();
    for (const player of ['ada', 'bob', 'cy', 'ada']) book.begin(player, 0)('matched', 'r1');
    const end = book.begin('dora', 0);
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
    const { book } = newBook();
    book.begin('ada', 0);
    book.begin('bob', 10);
    expect(book.waitingSince(5)).toEqual(['ada']);
  });
});

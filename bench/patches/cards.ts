import { schema, t } from '@colyseus/schema';
import { seededRandom } from '#libs/room';
import { declared, type Scenario, STEPS } from './scenario.js';

const PILES = 6;

interface Card {
  readonly suit: number;
  readonly rank: number;
}
type State = { turn: number; piles: { cards: Card[] }[] };

/** A card moves from somewhere in one of six piles to the top of another one. */
export function cards(): Scenario {
  const random = seededRandom(3);
  const deck = Array.from({ length: 52 }, (_, index) => ({ suit: index % 4, rank: 1 + (index >> 2), order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ suit, rank }): Card => ({ suit, rank }));
  const first: State = {
    turn: 0,
    piles: Array.from({ length: PILES }, (_, pile) => ({ cards: deck.filter((_card, index) => index % PILES === pile) })),
  };
  const sizes = first.piles.map((pile) => pile.cards.length);
  const moves = Array.from({ length: STEPS }, () => {
    let from = 0;
    do from = Math.floor(random() * PILES);
    while (sizes[from] === 0);
    const to = (from + 1 + Math.floor(random() * (PILES - 1))) % PILES;
    const at = Math.floor(random() * sizes[from]);
    sizes[from] -= 1;
    sizes[to] += 1;
    return { from, to, at };
  });
  const CardSchema = schema({ suit: t.uint8(), rank: t.uint8() }, 'Card');
  const Pile = schema({ cards: t.array(CardSchema) }, 'Pile');
  const Table = schema({ turn: t.uint8(), piles: t.array(Pile) }, 'Table');
  return {
    name: 'a card moves, 52 cards',
    first,
    mutate(state, step) {
      const { from, to, at } = moves[step];
      const { piles } = state as State;
      const [card] = piles[from].cards.splice(at, 1);
      piles[to].cards.push(card);
      (state as State).turn = (step + 1) % 4;
    },
    schemas: [
      declared(
        'uint8',
        () => new Table(),
        (table) => {
          table.turn = 0;
          for (const pile of first.piles) {
            const own = new Pile();
            for (const { suit, rank } of pile.cards) {
              const card = new CardSchema();
              card.suit = suit;
              card.rank = rank;
              own.cards.push(card);
            }
            table.piles.push(own);
          }
        },
        (table, step) => {
          const { from, to, at } = moves[step];
          const [card] = table.piles[from].cards.splice(at, 1);
          table.piles[to].cards.push(card);
          table.turn = (step + 1) % 4;
        },
      ),
    ],
  };
}

import { type Entry, FIRST_HASH, nextHash } from './chain.js';
import { GameHistory } from './game-history.js';

const add = (id: string, seat: number, n: number): Entry => ({ kind: 'add', id, seat, n });
const beat = (at: number): Entry => ({ kind: 'beat', id: String(at), seat: -1, n: 0 });
const GAME: readonly Entry[] = [add('ada#1', 0, 3), beat(5_000), add('bob#1', 1, 4), beat(6_000), add('ada#3', 0, 5)];

/** Makes the history of a game without faults. Its result contains all sent commands, and both players received all events. */
function history(entries: readonly Entry[] = GAME, told: Record<string, readonly Entry[]> = { ada: GAME, bob: GAME }): GameHistory {
  const made = new GameHistory('g');
  made.willSend('ada#1', 0, 3);
  made.willSend('ada#2', 0, -1);
  made.willSend('ada#3', 0, 5);
  made.willSend('bob#1', 1, 4);
  for (const id of ['ada#1', 'ada#3', 'bob#1']) made.cameOut(id, 'acknowledged');
  made.cameOut('ada#2', 'refused');
  const result = { game: 'g', entries, hash: entries.reduce(nextHash, FIRST_HASH) };
  for (const [player, events] of Object.entries(told)) {
    let hash = FIRST_HASH;
    for (const entry of events) {
      hash = nextHash(hash, entry);
      const index = GAME.indexOf(entry) + 1;
      made.wasTold(player, { ...entry, game: 'g', index, hash }, index);
    }
    made.ended(player, result);
  }
  return made;
}

const without = (index: number): Entry[] => GAME.filter((_, at) => at !== index);

describe('the history of a game', () => {
  it('reports nothing for a correct game', () => {
    expect(history().verdict()).toEqual([]);
    expect(history().isComplete).toBe(true);
  });

  it('reports an acknowledged command that is missing', () => {
    expect(history(without(2), {}).verdict()).toEqual(['it has no end']);
    expect(history(without(2), { ada: [] }).verdict()).toContain('bob#1 was acknowledged and is missing');
  });

  it('reports a command that was applied twice, refused and applied, or sent by no player', () => {
    expect(history([...GAME, add('bob#1', 1, 4)], { ada: [] }).verdict()).toContain('bob#1 was applied 2 times');
    expect(history([...GAME, add('ada#2', 0, -1)], { ada: [] }).verdict()).toEqual(
      expect.arrayContaining(['ada#2 was refused and applied', 'ada#2 was applied against the rule']),
    );
    expect(history([...GAME, add('eve#1', 1, 1)], { ada: [] }).verdict()).toContain('eve#1 is entry 6, and no player sent it to this game');
  });

  it('reports an acknowledged invalid command, and a command without an answer', () => {
    const made = history();
    made.cameOut('ada#2', 'acknowledged');
    made.willSend('bob#2', 1, 1);
    expect(made.verdict()).toEqual(
      expect.arrayContaining([
        'ada#2 was acknowledged and is missing',
        'ada#2 was acknowledged against the rule',
        'bob#2 was never answered',
      ]),
    );
  });

  it('reports commands in the wrong order, and a timer that fired twice', () => {
    expect(history([add('ada#3', 0, 5), add('bob#1', 1, 4), add('ada#1', 0, 3)], { ada: [] }).verdict()).toContain(
      'ada#1 was applied as entry 3, after a later one of its player',
    );
    expect(history([...GAME, beat(6_000)], { ada: [] }).verdict()).toContain('the beat of entry 6 came 0 ms after the one before');
  });

  it('reports missing and repeated events of a player', () => {
    expect(history(GAME, { ada: GAME, bob: without(2) }).verdict()).toEqual([expect.stringContaining('bob received entry 4 after 2')]);
    expect(history(GAME, { ada: GAME, bob: GAME.slice(0, 3) }).verdict()).toEqual(['bob received entry 3 of 5 last (version 3)']);
    expect(history(GAME, { ada: GAME, bob: [...GAME, GAME[4]] }).verdict()).toEqual([
      expect.stringContaining('bob received entry 5 after 5'),
    ]);
  });

  it('accepts missing events that were reported to the player', () => {
    const made = history(GAME, { ada: GAME, bob: GAME.slice(0, 2), eve: GAME.slice(1), dan: [] });
    made.missed('bob');
    expect(made.verdict()).toEqual([]);
    expect([made.missedCount, made.lateCount, made.absentCount]).toEqual([1, 1, 1]);
  });
});

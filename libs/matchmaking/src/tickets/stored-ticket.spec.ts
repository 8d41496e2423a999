import { haveSameHiddenClass } from '../../../../tools/fixtures/hidden-class.fixture.js';
import { parseTicket, type StoredTicket } from './stored-ticket.js';

describe('a ticket in the form that Redis stores', () => {
  it('is parsed into a ticket with `since`', () => {
    expect(parseTicket('1200 {"id":"t1","game":"go","players":[{"user":"ann"}]}')).toEqual({
      id: 't1',
      game: 'go',
      players: [{ user: 'ann' }],
      since: 1_200,
    });
  });

  it('takes `since` from the number in front of the JSON, not from the JSON', () => {
    expect(parseTicket('1200 {"since":5,"id":"t1","game":"go","players":[]}')?.since).toBe(1_200);
  });

  it.each([
    ['{"id":"t1","game":"go","players":[]}'],
    ['1200 {"id":"t1","game":"go"}'],
    ['1200 null'],
    ['1200 not JSON'],
    ['1200 {"format":2,"id":"t1","game":"go","players":[]}'],
  ])('is skipped when the stored text is %s', (text) => {
    expect(parseTicket(text)).toBeNull();
  });

  it('becomes an object of the same hidden class of V8 as other tickets with the same fields', () => {
    const tickets = Array.from({ length: 1_000 }, (_, at) => parseTicket(`${at} {"id":"t${at}","game":"go","players":[]}`) as StoredTicket);
    expect(haveSameHiddenClass(tickets.at(-1)!, tickets.at(-2)!)).toBe(true);
  });
});

import type { RoomId, UserId } from '#libs/protocol';
import type { OpenRoom } from '../strategy/ticket.js';
import { VACANCIES_KEPT_MS } from './matchmaking.options.js';
import { RoomVacancies } from './room-vacancies.js';

function roomOf(id: string, ...users: string[]): OpenRoom {
  const players = users.map((user) => ({ user: user as UserId, name: user }));
  return { room: id as RoomId, game: 'duel', running: true, free: 4 - users.length, players, since: 0 };
}

describe('the times of the last changes of open rooms', () => {
  const sinceOf = (vacancies: RoomVacancies, now: number, ...rooms: OpenRoom[]) => vacancies.since(rooms, now).map(({ since }) => since);

  it('are kept for a room that is missing from some rounds', () => {
    const vacancies = new RoomVacancies();
    sinceOf(vacancies, 1_000, roomOf('a', 'ada'), roomOf('b', 'bob'));
    for (let now = 2_000; now < 20_000; now += 1_000) sinceOf(vacancies, now, roomOf('a', 'ada'));
    expect(sinceOf(vacancies, 20_000, roomOf('b', 'bob'), roomOf('c'))).toEqual([1_000, 20_000]);
  });

  it('are renewed when the members of a room change', () => {
    const vacancies = new RoomVacancies();
    sinceOf(vacancies, 1_000, roomOf('a', 'ada'), roomOf('b', 'bob'));
    expect(sinceOf(vacancies, 2_000, roomOf('a', 'cy'), roomOf('b', 'bob'))).toEqual([2_000, 1_000]);
  });

  it('are forgotten for a room that is missing from all rounds for a long time', () => {
    const vacancies = new RoomVacancies();
    sinceOf(vacancies, 1_000, roomOf('a'), roomOf('b'));
    sinceOf(vacancies, 2_000, roomOf('a'));
    const later = 1_001 + VACANCIES_KEPT_MS;
    sinceOf(vacancies, later, roomOf('c'));
    expect(sinceOf(vacancies, later, roomOf('a'), roomOf('b'))).toEqual([1_000, later]);
  });
});

import type { OperationName } from '#libs/protocol';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe } from './player-request.pipe.js';
import * as service from './service/service-schemas.js';

const pipe = new PlayerRequestPipe(OPERATION_SCHEMAS['rooms.create']);
const create = (name: unknown) => pipe.transform({ caller: {} as never, data: { game: 'chess', name } }).data;

describe('the name of a room', () => {
  it.each([
    [undefined, undefined],
    ['', ''],
    ['  ', ''],
    ['  My \u3000 room ', 'My room'],
    ['👩‍🚀 only', '👩‍🚀 only'],
    ['x'.repeat(48), 'x'.repeat(48)],
  ])('is stored without needless spaces: %j becomes %j', (name, shown) => {
    expect(create(name)).toEqual({ game: 'chess', name: shown });
  });

  it.each([
    ['\u3164', 'The name has the character U+3164, which is not allowed: it is invisible'],
    ['a\u034fb', 'U+034F'],
    ['a\u202eb', 'U+202E'],
    ['a\nb', 'U+000A, which is not allowed: it is a control character'],
    ['x'.repeat(49), 'The name has 49 characters: at most 48 are allowed'],
    [7, 'expected string'],
  ])('is refused when it is %j, and the error gives the reason', (name, reason) => {
    expect(() => create(name)).toThrow(expect.objectContaining({ code: 'bad-data', message: expect.stringContaining(reason) }));
  });
});

describe('the options in a request for a new room', () => {
  const withOptions = (options: unknown) => pipe.transform({ caller: {} as never, data: { game: 'chess', options } }).data;

  it.each([{ fen: 'x' }, {}, { deep: [{ a: null, b: [true, 1.5] }] }])('are accepted: %j', (options) => {
    expect(withOptions(options)).toEqual({ game: 'chess', options });
  });

  it.each([
    ['a text', 'fen'],
    ['an array', ['fen']],
    ['bytes, which JSON cannot represent', { fen: new Uint8Array(2) }],
    ['a number that JSON cannot represent', { clock: Number.NaN }],
    ['more than 1024 bytes', { fen: 'ä'.repeat(512) }],
  ])('are refused: %s', (_what, options) => {
    expect(() => withOptions(options)).toThrow(expect.objectContaining({ code: 'bad-data' }));
  });
});

/**
 * For each operation, data with every field that an official client of any version has sent. Never remove a field, because old clients stay
 * in use.
 */
const SENT_BY_CLIENTS: Readonly<Record<OperationName, readonly unknown[]>> = {
  'games.list': [undefined, null, {}],
  'rooms.list': [
    undefined,
    {},
    { game: 'chess', limit: 5, cursor: '1.r' },
    { filter: { free: 1 }, sort: { by: 'created' }, subscribe: true },
  ],
  'rooms.unsubscribe': [undefined, {}],
  'rooms.create': [
    { game: 'chess', name: 'A', seats: 2, private: true, region: 'eu', build: 'b1', options: { fen: 'x' } },
    {
      ...{ game: 'chess', inviteOnly: true, locked: false, password: 'p', watch: 'members', watchDelayMs: 5, spectatorChat: true },
      teams: { count: 2, size: 2 },
    },
  ],
  'rooms.join': [{ room: 'r' }, { room: 'r', password: 'p' }, { code: 'ABCD2345', password: 'p' }],
  'rooms.watch': [{ room: 'r' }, { room: 'r', password: 'p' }, { code: 'ABCD2345', password: 'p' }],
  'rooms.leave': [undefined, {}],
  'rooms.ready': [undefined, { ready: false }],
  'rooms.update': [
    { name: 'B', private: true, inviteOnly: true, locked: true, watch: 'nobody', spectatorChat: true, password: null },
    { options: { fen: 'x' }, watchDelayMs: 5 },
  ],
  'rooms.host': [{ user: 'u' }],
  'rooms.kick': [{ user: 'u' }, { user: 'u', ban: true }],
  'rooms.unban': [{ user: 'u' }],
  'rooms.team': [{ team: 1 }, { team: 1, user: 'u' }],
  'rooms.balance': [undefined],
  'rooms.rematch': [undefined],
  'rooms.start': [undefined, {}, { waitMs: 100 }],
  'rooms.cancelStart': [undefined],
  'match.find': [
    { game: 'chess', region: 'eu' },
    { game: 'chess', mode: 'blitz', options: {}, regions: { eu: 20 }, attributes: { map: { any: ['a'] } }, party: true },
  ],
  'match.cancel': [undefined],
  'match.accept': [{ offer: 'm' }],
  'match.decline': [{ offer: 'm' }],
  'match.status': [undefined],
  'chat.send': [
    { to: 'room', room: 'r', text: 'hi', id: '1' },
    { to: 'lobby', game: 'chess', text: 'hi', id: '1' },
  ],
  'chat.history': [
    { to: 'room', room: 'r', after: 1, limit: 5 },
    { to: 'lobby', game: 'chess', limit: 1, follow: false },
  ],
  'chat.mute': [{ user: 'u', muted: true }],
  me: [undefined, {}],
};

describe.each(Object.entries(SENT_BY_CLIENTS))('the schema for the data of %s', (operation, sent) => {
  const validate = (data: unknown) =>
    new PlayerRequestPipe(OPERATION_SCHEMAS[operation as OperationName]).transform({ caller: {} as never, data });

  it.each(sent)('accepts the data %j of an official client', (data) => {
    expect(() => validate(data)).not.toThrow();
  });

  it('refuses an unknown field, and names the field', () => {
    for (const data of sent)
      expect(() => validate({ ...(data as object), fieldOfNobody: 1 })).toThrow(
        expect.objectContaining({ code: 'bad-data', message: expect.stringContaining('"fieldOfNobody"') }),
      );
  });
});

describe.each([
  ['the body of a new room', service.NewRoomBody, { game: 'chess', users: [{ user: 'u' }] }],
  ['a user in the body of a new room', service.NewRoomBody.shape.users.element, { user: 'u', name: 'Ada' }],
  ['the body that puts a user in', service.PutBody, { user: 'u' }],
  ['the body of a start', service.StartBody, { waitMs: 1 }],
  ['the body of an end', service.EndRoomBody, { close: true }],
])('the schema of the service API for %s', (_what, schema, body) => {
  it('refuses an unknown field, and names the field', () => {
    expect(schema.safeParse(body).success).toBe(true);
    const refused = schema.safeParse({ ...body, fieldOfNobody: 1 });
    expect(refused.error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining('"fieldOfNobody"')]);
  });
});

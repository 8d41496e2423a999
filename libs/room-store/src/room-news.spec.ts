import type { RoomId, ServerId } from '#libs/protocol';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { encodeRoomDoc } from './room-doc-codec.js';
import { readNews } from './room-news.js';
import type { RoomRecord } from './room-record.js';

const record: RoomRecord = {
  id: 'room' as RoomId,
  game: 'chess',
  gameVersion: 2,
  doc: roomDoc(),
  rev: 7,
  status: 'playing',
  since: 1,
  round: 3,
  start: 'mine',
  owner: { server: 'hf:game:1' as ServerId, incarnation: 5 },
  epoch: 9,
  version: 4,
  durability: 'every-change',
  result: null,
  hasFailedSetup: false,
};

describe('readNews', () => {
  it('returns the new record when the previous revision is known', () => {
    const finished = { ...record, rev: 8, status: 'waiting', since: 20, round: 4, start: null, owner: null, result: { winner: 0 } };
    expect(readNews(record, 'finished 8 20 {"winner":0}')).toEqual({ kind: 'record', record: finished });
    expect(readNews(record, 'adopted 8 10 6 hf:game:2')).toEqual({
      kind: 'record',
      record: { ...record, rev: 8, epoch: 10, owner: { server: 'hf:game:2', incarnation: 6 } },
    });
    expect(readNews(record, 'opened 8 10 6 hf:game:2 none -')).toEqual({
      kind: 'record',
      record: {
        ...record,
        rev: 8,
        epoch: 10,
        owner: { server: 'hf:game:2', incarnation: 6 },
        version: 0,
        durability: 'none',
        gameVersion: null,
      },
    });
    expect(readNews(record, `saved 8 20 waiting - ${encodeRoomDoc({ ...record.doc, name: 'a b  c' })}`)).toEqual({
      kind: 'record',
      record: { ...record, rev: 8, since: 20, status: 'waiting', start: null, doc: { ...record.doc, name: 'a b  c' } },
    });
  });

  it('returns `unknown` for an unknown message or after a lost message', () => {
    for (const message of ['finished 9 20 {}', 'adopted 7 10 6 hf:game:2', '8', 'renamed 8 x', 'saved 8 20 waiting - {', ''])
      expect(readNews(record, message)).toEqual({ kind: 'unknown' });
    expect(readNews(null, 'finished 8 20 {}')).toEqual({ kind: 'unknown' });
  });

  it('reports a closed room even when the previous record is unknown', () => {
    expect(readNews(null, 'closed room expired')).toEqual({ kind: 'closed', reason: 'room expired' });
  });
});

import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';

const doc = roomDoc();

describe('the codec of room documents', () => {
  it('stores the host in the field `owner`', () => {
    expect(JSON.parse(encodeRoomDoc(doc))).toMatchObject({ owner: 'ada' });
    expect(JSON.parse(encodeRoomDoc(doc))).not.toHaveProperty('host');
  });

  it('reads every optional field unchanged', () => {
    const placed = { ...doc, region: 'eu', near: 'eu' };
    expect(decodeRoomDoc(encodeRoomDoc(placed))).toEqual(placed);
  });

  it('preserves unknown fields of newer versions of Holdfast in a rewritten document', () => {
    const newer = JSON.stringify({
      ...JSON.parse(encodeRoomDoc(doc)),
      door: 'ajar',
      members: [{ user: 'ada', name: 'Ada', readyRound: null, here: true, mood: 'good' }],
    });
    const rewritten = encodeRoomDoc({ ...decodeRoomDoc(newer), name: 'renamed' });
    expect(JSON.parse(rewritten)).toMatchObject({ name: 'renamed', door: 'ajar', members: [{ mood: 'good' }] });
  });

  it('throws for a text that is not JSON', () => {
    expect(() => decodeRoomDoc('{')).toThrow(SyntaxError);
  });
});

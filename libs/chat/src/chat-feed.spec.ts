import { type ChatEntry, type ChatMessage, decodeServerMessage, type UserId } from '#libs/protocol';
import { ChatFeed } from './chat-feed.js';

const entry = (seq: number): ChatEntry => ({ seq, user: 'u' as UserId, name: 'Ada', time: 1, text: `text ${seq}` });
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the feed of a channel', () => {
  const start = (stored: ChatEntry[] = []) => {
    const sent: number[] = [];
    const reads: (number | null)[] = [];
    let isFailing = false;
    const feed = new ChatFeed(
      { lobby: 'chess' },
      async (after) => {
        reads.push(after);
        if (isFailing) throw new Error('unreachable');
        const last = stored.at(-1)?.seq ?? 0;
        return { entries: after === null ? [] : stored.filter(({ seq }) => seq > after), last };
      },
      (frame) => sent.push((decodeServerMessage(frame) as ChatMessage).seq),
    );
    const fail = (failing: boolean): void => {
      isFailing = failing;
    };
    return { feed, sent, reads, stored, fail };
  };

  it('sends the published messages once and in order without a read of the store', async () => {
    const { feed, sent, reads } = start([entry(7)]);
    await feed.catchUp();
    for (const seq of [8, 9, 9, 8, 10]) feed.take(entry(seq));
    expect([sent, reads]).toEqual([[8, 9, 10], [null]]);
  });

  it('does not send messages that were stored before the start of the feed', async () => {
    const { feed, sent, stored } = start([entry(1), entry(2)]);
    await feed.catchUp();
    stored.push(entry(3));
    feed.take(entry(3));
    expect(sent).toEqual([3]);
  });

  it('reads missing messages from the store when a publication was lost', async () => {
    const { feed, sent, stored } = start([entry(1)]);
    await feed.catchUp();
    stored.push(entry(2), entry(3), entry(4));
    feed.take(entry(4));
    await settled();
    expect(sent).toEqual([2, 3, 4]);
  });

  it('delays a message that arrives during a read until the messages of the read are sent', async () => {
    const { feed, sent, stored } = start([entry(1)]);
    await feed.catchUp();
    stored.push(entry(2), entry(3));
    feed.take(entry(3));
    stored.push(entry(4));
    feed.take(entry(4));
    await settled();
    expect(sent).toEqual([2, 3, 4]);
  });

  it('reads the missing messages again when the first read fails', async () => {
    const { feed, sent, stored, fail } = start([entry(1)]);
    await feed.catchUp();
    fail(true);
    stored.push(entry(2), entry(3));
    feed.take(entry(3));
    await settled();
    fail(false);
    await feed.catchUp();
    expect(sent).toEqual([2, 3]);
  });

  it('repeats the messages that a new follower has missed', async () => {
    const { feed, sent, stored } = start([entry(1)]);
    await feed.catchUp();
    for (const seq of [2, 3]) {
      stored.push(entry(seq));
      feed.take(entry(seq));
    }
    feed.repeatAfter(3);
    feed.repeatAfter(2);
    await settled();
    expect(sent).toEqual([2, 3, 3]);
  });

  it('repeats the missed messages for a follower that starts during a read of the store', async () => {
    const { feed, sent, stored } = start([entry(1)]);
    await feed.catchUp();
    stored.push(entry(2), entry(3));
    feed.take(entry(2));
    feed.take(entry(4));
    feed.repeatAfter(1);
    await settled();
    expect(sent).toEqual([2, 2, 3]);
  });

  it('sends the first message of a channel even when the number of the message is not 1', async () => {
    const { feed, sent, stored } = start();
    await feed.catchUp();
    stored.push(entry(1_000));
    feed.take(entry(1_000));
    await settled();
    expect(sent).toEqual([1_000]);
  });
});

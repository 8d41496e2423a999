import { Heartbeat } from './heartbeat.js';

describe('the heartbeat of a client', () => {
  let told: string[];
  let heartbeat: Heartbeat;

  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    heartbeat = new Heartbeat(
      () => {
        told.push(`ping at ${Date.now()}`);
        heartbeat.sent();
      },
      () => {
        told.push(`dead at ${Date.now()}`);
        heartbeat.stop();
      },
    );
    jest.setSystemTime(0);
    heartbeat.start(1_000);
  });

  afterEach(() => {
    heartbeat.stop();
    jest.useRealTimers();
  });

  it('sends one ping per interval when no other message is sent', () => {
    for (let at = 0; at < 5_000; at += 100) {
      jest.advanceTimersByTime(100);
      heartbeat.heard();
    }
    expect(told).toEqual([1_000, 2_000, 3_000, 4_000, 5_000].map((at) => `ping at ${at}`));
  });

  it('sends no ping while both sides send other messages', () => {
    for (let at = 0; at < 5_000; at += 250) {
      jest.advanceTimersByTime(250);
      heartbeat.heard();
      heartbeat.sent();
    }
    expect(told).toEqual([]);
  });

  it('reports the connection as dead after two intervals without an incoming message', () => {
    for (let at = 0; at < 3_000; at += 250) {
      heartbeat.sent();
      jest.advanceTimersByTime(250);
    }
    expect(told.filter((line) => line.startsWith('ping'))).not.toEqual([]);
    expect(told.at(-1)).toBe('dead at 2500');
  });
});

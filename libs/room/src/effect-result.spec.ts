import type { RoomId, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange } from './apply-change.js';
import { AWAITED_RESULTS_MAX, type EffectReply, type EffectResult } from './effect-result.js';
import type { RoomOutcome, RoomValue } from './index.js';
import { RoomMachine } from './room-machine.js';

interface Casino {
  bets: string[];
  results: EffectResult[];
}

let now = 1_000;
const rules = rulesOf<Casino>('casino', () => ({ bets: [], results: [] }), {
  commands: new Map([
    [
      'bet',
      {
        validate: (value: unknown) => ({ ok: true, value }),
        run: (room, id) => {
          room.state.bets.push(id as string);
          room.effect('charge', { id });
          room.effect('log', { id });
        },
      },
    ],
  ]),
  results: new Map([
    [
      'charge',
      {
        timeoutMs: 500,
        attempts: 3,
        run: (room, result) => {
          if (!result.ok && result.code === 'fault') throw new Error('the game is wrong');
          room.state.results.push(JSON.parse(JSON.stringify(result)));
          if (!result.ok && result.code === 'undone') room.reject('undone');
        },
      },
    ],
  ]),
});
const machine = new RoomMachine(rules, { now: () => now, random: () => 0 });

function begin(): RoomValue<Casino> {
  now = 1_000;
  return machine.start('r' as RoomId, [{ user: 'u0' as UserId, name: 'Ada' }], 0, 's').value;
}

function bet(value: RoomValue<Casino>, seq = 1): RoomValue<Casino> {
  const outcome = machine.handle(value, { kind: 'command', seat: 0, seq, name: 'bet', data: `b${seq}` }, undefined, '7');
  if (outcome.kind !== 'changed') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

function result(value: RoomValue<Casino>, key: string, reply: EffectReply): RoomOutcome<Casino> {
  return machine.handle(value, { kind: 'result', key, name: 'charge', reply });
}

function changed(outcome: RoomOutcome<Casino>): Extract<RoomOutcome<Casino>, { kind: 'changed' }> {
  if (outcome.kind !== 'changed') throw new Error(JSON.stringify(outcome));
  return outcome;
}

describe('the result of an effect', () => {
  it('reaches the game together with the key and the data of the effect', () => {
    const before = bet(begin());
    const [charge, log] = before.outbox;
    expect(charge).toMatchObject({ name: 'charge', key: 'r:7:1:0', timer: '$result:1:0' });
    expect(log).not.toHaveProperty('timer');
    expect(before.timers).toEqual({ '$result:1:0': 1_500 });
    const { value, change } = changed(result(before, charge!.key, { ok: true, data: { left: 3 } }));
    expect(value.state.results).toEqual([{ ok: true, data: { left: 3 }, key: 'r:7:1:0', request: { id: 'b1' } }]);
    expect(change).toMatchObject({ effectsDone: ['r:7:1:0'], timers: { '$result:1:0': null } });
    expect(value.outbox.map(({ name }) => name)).toEqual(['log']);
    expect(applyChange(before, change)).toEqual(value);
  });

  it('changes nothing when the result is repeated or late, or has an unknown key', () => {
    const before = bet(begin());
    const key = before.outbox[0]!.key;
    const { value } = changed(result(before, key, { ok: true, data: 1 }));
    expect(result(value, key, { ok: true, data: 1 })).toEqual({ kind: 'unchanged' });
    expect(result(value, key, { ok: false, code: 'late', message: '' })).toEqual({ kind: 'unchanged' });
    expect(result(before, 'r:7:9:0', { ok: true, data: 1 })).toEqual({ kind: 'unchanged' });
    expect(result(before, before.outbox[1]!.key, { ok: true, data: 1 })).toEqual({ kind: 'unchanged' });
  });

  it('has the code `timed-out` after the time limit', () => {
    const before = bet(begin());
    const key = before.outbox[0]!.key;
    now = 1_500;
    const { value } = changed(machine.handle(before, { kind: 'timer', name: '$result:1:0' }));
    expect(value.state.results).toMatchObject([{ ok: false, code: 'timed-out', key, request: { id: 'b1' } }]);
    expect(value.timers).toEqual({});
    expect(result(value, key, { ok: true, data: 1 })).toEqual({ kind: 'unchanged' });
  });

  it('does not time out while the room has no owner', () => {
    const before = bet(begin());
    const { value } = changed(machine.handle(before, { kind: 'paused', ms: 10_000 }));
    expect(value.timers).toEqual({ '$result:1:0': 11_500 });
  });

  it("is marked as handled when the game's handler for the result rejects, and the edits of this handler are dropped", () => {
    const before = bet(begin());
    const { value } = changed(result(before, before.outbox[0]!.key, { ok: false, code: 'undone', message: '' }));
    expect(value.state.results).toEqual([]);
    expect(value.outbox).toHaveLength(1);
  });

  it("makes the game fail when the game's handler for the result throws", () => {
    const before = bet(begin());
    expect(result(before, before.outbox[0]!.key, { ok: false, code: 'fault', message: '' })).toMatchObject({ kind: 'failed' });
  });

  it('is ignored after the end of the game', () => {
    const before = bet(begin());
    const { value } = changed(machine.handle(before, { kind: 'end', result: { reason: 'finished' } }));
    expect(result(value, before.outbox[0]!.key, { ok: true, data: 1 })).toEqual({ kind: 'refused', code: 'game-ended' });
  });

  it('can be awaited only for a limited number of effects', () => {
    let value = begin();
    for (let seq = 1; seq <= AWAITED_RESULTS_MAX; seq++) value = bet(value, seq);
    const next = machine.handle(value, { kind: 'command', seat: 0, seq: 1_000, name: 'bet', data: 'more' });
    expect(next).toMatchObject({ kind: 'refused', code: 'busy' });
  });
});

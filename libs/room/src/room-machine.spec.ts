import type { RoomId, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange, withChange } from './apply-change.js';
import { GameMistake } from './game-mistake.js';
import type { RoomOutcome } from './room-input.js';
import { RoomMachine } from './room-machine.js';
import { RoomOptionsError } from './room-options.js';
import type { CommandRule, GameRoom, RoomRules, SeatEvent, Setup } from './room-rules.js';
import { type Change, type Refusal, type RoomValue, UNANSWERED_MAX } from './room-value.js';

describe('a room', () => {
  describe('that starts', () => {
    it('has the state, timers, events and effects of its setup, at version 0', () => {
      const room = new Table({
        setup: (setup) => {
          setup.schedule('turn', 500);
          setup.schedule('later', 10);
          setup.cancel('later');
          setup.emit('dealt', { cards: 5 });
          setup.effect('announce', { players: setup.seats.map(({ name }) => name) });
          return { count: 1 };
        },
      });
      expect(room.value).toEqual({
        room: 'r1',
        game: 'counting',
        gameVersion: 3,
        version: 0,
        seats: [
          { user: 'u1', name: 'Ann', presence: 'here', seq: 0, refused: [] },
          { user: 'u2', name: 'Bob', presence: 'here', seq: 0, refused: [] },
        ],
        timers: { turn: 1_500 },
        state: { count: 1 },
        outbox: [{ key: 'r1:0:0', name: 'announce', data: { players: ['Ann', 'Bob'] } }],
      });
      expect(room.startEvents).toEqual([{ name: 'dealt', data: { cards: 5 } }]);
    });

    it('runs the `joined` handler of each seat in order', () => {
      const room = new Table({ seats: { joined: ({ state, seat }) => void state.log.push(seat) } });
      expect(room.value.state.log).toEqual([0, 1]);
      expect(room.value.version).toBe(0);
    });

    it('can end its game during the setup', () => {
      const room = new Table({
        setup: (setup) => {
          setup.end({ winner: null });
          return { count: 0 };
        },
        seats: { joined: ({ state }) => add(state, 1) },
      });
      expect(room.value.ended).toEqual({ reason: 'finished', result: { winner: null } });
      expect(room.value.state.count).toBe(0);
    });

    it('gives its validated options to the setup', () => {
      const setup = (room: Setup) => ({ count: (room.options as { from: number } | undefined)?.from ?? 0 });
      const start = (options: unknown, own?: RoomRules['options']) =>
        new RoomMachine(rulesOf('mine', setup, { ...(own && { options: own }) }), { now: () => 0, random: () => 0 }).start(
          'r1' as RoomId,
          [],
          0,
          undefined,
          options,
        ).value.state;
      const doubled: RoomRules['options'] = (data) => {
        const { from } = data as { from: number };
        return from < 0 ? { ok: false, message: 'from: below 0' } : { ok: true, value: { from: 2 * from } };
      };
      expect(start({ from: 3 }, doubled)).toEqual({ count: 6 });
      expect(start(undefined, doubled)).toEqual({ count: 0 });
      expect(() => start({ from: -1 }, doubled)).toThrow(new RoomOptionsError('from: below 0'));
      expect(() => start({ from: 3 })).toThrow(new RoomOptionsError('The game mine takes no options.'));
      expect(start(undefined)).toEqual({ count: 0 });
    });

    it('throws when its setup throws or returns a state that is no object', () => {
      const broken = (): never => {
        throw new Error('no cards');
      };
      expect(() => new Table({ setup: broken })).toThrow('no cards');
      expect(() => new Table({ setup: () => 7 as unknown as Count })).toThrow('the setup of counting made no object for a state');
    });
  });

  describe('that handles commands', () => {
    it('returns the next value and a change with the result of the command', () => {
      const room = new Table();
      const before = room.value;
      const change = room.changed({ kind: 'command', seat: 1, seq: 7, name: 'add', data: 5 });
      expect(room.value.state.count).toBe(5);
      expect(room.value.version).toBe(1);
      expect(room.value.seats[1].seq).toBe(7);
      expect(change).toEqual({
        version: 1,
        at: 1_000,
        patches: [{ op: 'replace', path: '/count', value: 5 }],
        seats: { 1: { seq: 7 } },
      });
      expect(before.state.count).toBe(0);
    });

    it('records the command number even when the handler changes nothing', () => {
      const room = new Table();
      const change = room.changed({ kind: 'command', seat: 0, seq: 1, name: 'add', data: 0 });
      expect(change.patches).toEqual([]);
      expect(room.value.seats[0].seq).toBe(1);
    });

    it('gives the seat, the time, the random numbers and the players to the handler', () => {
      let seen: unknown;
      const room = new Table({
        commands: {
          look: (there) => {
            seen = { seat: there.seat, now: there.now, id: there.id, dice: there.random(), players: there.seats.map(({ name }) => name) };
          },
        },
      });
      room.command('look');
      expect(seen).toEqual({ seat: 0, now: 1_000, id: 'r1', dice: 0.25, players: ['Ann', 'Bob'] });
    });

    it.each<[string, unknown, string]>([
      ['jump', undefined, 'unknown-command'],
      ['add', 'five', 'bad-data'],
      ['constructor', undefined, 'unknown-command'],
    ])('refuses the command %s with the data %j as %s', (name, data, code) => {
      const room = new Table();
      expect(room.handle({ kind: 'command', seat: 0, seq: 1, name, data })).toMatchObject({ kind: 'refused', code });
      expect(room.value.version).toBe(0);
    });

    it('refuses invalid data with the message of the validator', () => {
      expect(new Table().command('add', 'five')).toMatchObject({ message: 'a number, please' });
    });

    const muchThenStop = (stop: (there: GameRoom<Count>) => void) => (there: GameRoom<Count>) => {
      there.state.count = 99;
      there.state.log.push(1);
      there.emit('loud');
      there.effect('pay', { amount: 99 });
      there.schedule('later', 10);
      there.cancel('turn');
      there.end({ winner: 0 });
      stop(there);
    };

    it('changes nothing when the handler rejects after edits', () => {
      const room = new Table({ commands: { much: muchThenStop((there) => there.reject('not-now', 'wait a little')) } });
      const before = room.value;
      const copy = plain(before);
      expect(room.command('much')).toEqual({ kind: 'refused', code: 'not-now', message: 'wait a little' });
      expect(room.value).toBe(before);
      expect(plain(before)).toEqual(copy);
    });

    it('changes nothing when the handler throws after edits', () => {
      const error = new TypeError('a defect of the game');
      const room = new Table({
        commands: {
          much: muchThenStop(() => {
            throw error;
          }),
        },
      });
      const copy = plain(room.value);
      expect(room.command('much')).toEqual({ kind: 'failed', error });
      expect(plain(room.value)).toEqual(copy);
    });

    it('continues after an error of a handler', () => {
      const room = new Table({
        commands: {
          throw: () => {
            throw new Error('once');
          },
        },
      });
      room.command('throw');
      room.command('add', 2);
      expect(room.value.state.count).toBe(2);
    });

    it('returns a failure when a validator throws', () => {
      const room = new Table({
        rules: {
          validate: () => {
            throw new Error('bad schema');
          },
          run: () => {},
        },
      });
      expect(room.command('ruled')).toMatchObject({ kind: 'failed', error: expect.objectContaining({ message: 'bad schema' }) as unknown });
    });

    it('returns a failure when a handler returns a promise', () => {
      const room = new Table({ commands: { slow: (() => Promise.resolve()) as unknown as (room: GameRoom<Count>) => void } });
      expect(room.command('slow').kind).toBe('failed');
    });

    it('copies the data of events and effects at the time of the call', () => {
      const room = new Table({
        commands: {
          tell: (there) => {
            there.emit('log', there.state.log);
            there.effect('log', { log: there.state.log });
            there.state.log.push(2);
          },
        },
      });
      const change = room.changed({ kind: 'command', seat: 0, seq: 1, name: 'tell', data: undefined });
      expect(change.events).toEqual([{ name: 'log', data: [] }]);
      expect(change.effects).toEqual([{ name: 'log', data: { log: [] } }]);
    });

    it('sends an event only to the seats that the handler names', () => {
      const room = new Table({ commands: { whisper: (there) => there.emit('secret', 7, [1]) } });
      expect(room.changed({ kind: 'command', seat: 0, seq: 1, name: 'whisper', data: undefined }).events).toEqual([
        { name: 'secret', data: 7, to: [1] },
      ]);
    });
  });

  describe('that refuses commands', () => {
    const refused = (...refusals: Refusal[]) => new Map([[0, refusals]]);

    it('records the refusals with the next change', () => {
      const room = new Table();
      const change = room.changed({ kind: 'command', seat: 0, seq: 3, name: 'add', data: 1 }, refused([1, 'not-now'], [2, 'bad-data']));
      expect(change.seats).toEqual({
        0: {
          seq: 3,
          refused: [
            [1, 'not-now'],
            [2, 'bad-data'],
          ],
        },
      });
      expect(room.value.seats[0]).toMatchObject({
        seq: 3,
        refused: [
          [1, 'not-now'],
          [2, 'bad-data'],
        ],
      });
    });

    it('records the refusals with the next change of another seat, a timer or a step', () => {
      const room = new Table({ step: () => {}, timers: { turn: () => {} } });
      room.changed({ kind: 'command', seat: 1, seq: 1, name: 'add', data: 1 }, refused([1, 'a']));
      room.changed({ kind: 'timer', name: 'turn' }, refused([2, 'b']));
      room.changed({ kind: 'step' }, refused([3, 'c']));
      expect(room.value.seats[0]).toMatchObject({
        seq: 0,
        refused: [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
        ],
      });
    });

    it('stores as many refusals as a client can have unanswered commands', () => {
      const room = new Table();
      for (let seq = 1; seq <= UNANSWERED_MAX + 10; seq++)
        room.changed({ kind: 'command', seat: 1, seq, name: 'add', data: 1 }, refused([seq, 'no']));
      const kept = room.value.seats[0].refused.map(([seq]) => seq);
      expect(kept).toHaveLength(UNANSWERED_MAX);
      expect(kept[0]).toBe(11);
      expect(kept.at(-1)).toBe(UNANSWERED_MAX + 10);
    });

    it('has the recorded refusals after a recovery', () => {
      const room = new Table();
      const before = room.value;
      const change = room.changed({ kind: 'command', seat: 0, seq: 2, name: 'add', data: 1 }, refused([1, 'not-now']));
      expect(applyChange(plain(before), plain(change))).toEqual(room.value);
    });
  });

  describe('that has timers', () => {
    it('stores their due times in its value', () => {
      const room = new Table({ commands: { set: (there) => there.schedule('turn', 250) } });
      expect(room.changed({ kind: 'command', seat: 0, seq: 1, name: 'set', data: undefined }).timers).toEqual({ turn: 1_250 });
      expect(room.value.timers).toEqual({ turn: 1_250 });
    });

    it('fires a timer only once', () => {
      const room = new Table({ timers: { turn: ({ state }) => add(state, 10) } });
      const change = room.changed({ kind: 'timer', name: 'turn' });
      expect(change.timers).toEqual({ turn: null });
      expect(room.value.state.count).toBe(10);
      expect(room.value.timers).toEqual({});
      expect(room.handle({ kind: 'timer', name: 'turn' })).toEqual({ kind: 'unchanged' });
    });

    it('lets the handler of a timer schedule the timer again', () => {
      const room = new Table({ timers: { turn: (there) => there.schedule('turn', 100) } });
      room.changed({ kind: 'timer', name: 'turn' });
      expect(room.value.timers).toEqual({ turn: 1_100 });
    });

    it('replaces the earlier timer when two timers have the same name', () => {
      const room = new Table({
        commands: { set: (there) => there.schedule('turn', 250), stop: (there) => there.cancel('turn') },
      });
      room.command('set');
      room.command('set');
      expect(Object.keys(room.value.timers)).toEqual(['turn']);
      room.command('stop');
      expect(room.value.timers).toEqual({});
    });

    it('returns the remaining time of a timer', () => {
      const seen: unknown[] = [];
      const room = new Table({
        commands: {
          look: (there) => {
            seen.push(there.remaining('turn'), there.remaining('later'));
            there.schedule('later', 40.4);
            seen.push(there.remaining('later'));
            there.cancel('later');
            seen.push(there.remaining('later'));
          },
        },
      });
      room.command('look');
      expect(seen).toEqual([500, null, 40, null]);
    });

    it('removes a timer without a handler in the current rules when the timer fires or the game cancels it', () => {
      const room = new Table({
        commands: { stop: (there) => there.cancel('old'), look: (there) => there.reject(String(there.remaining('old'))) },
      });
      room.value = { ...room.value, timers: { old: 1_500 } };
      expect(room.machine.handle(room.value, { kind: 'timer', name: 'old' })).toMatchObject({ change: { timers: { old: null } } });
      expect(room.command('look')).toMatchObject({ code: '500' });
      room.command('stop');
      expect(room.value.timers).toEqual({});
    });

    it('removes a fired timer even when the handler rejects', () => {
      const room = new Table({
        timers: {
          turn: (there) => {
            there.state.count = 9;
            there.reject('nonsense');
          },
        },
      });
      room.changed({ kind: 'timer', name: 'turn' });
      expect(room.value.timers).toEqual({});
      expect(room.value.state.count).toBe(0);
    });

    it('does not let the game schedule, cancel or read the timer that ends the grace period of a seat', () => {
      const room = new Table({
        commands: {
          set: (there) => there.schedule('$left:0', 1),
          stop: (there) => there.cancel('$left:0'),
          look: (there) => void there.remaining('$left:0'),
        },
      });
      room.handle({ kind: 'seat', seat: 0, event: 'away' });
      for (const name of ['set', 'stop', 'look'])
        expect(mistakeOf(room.command(name))).toMatch(/names that begin with \$ are the room's own/);
    });
  });

  describe('whose game calls the methods of `room`', () => {
    it.each<[string, (there: GameRoom<Count>) => void, string]>([
      [
        'a timer that nobody handles',
        (there) => there.schedule('trun', 10),
        "The game counting, room r1, command 'do': room.schedule('trun') names a timer that no @OnTimer handles. Handled are: 'turn', 'later'. Add a method with @OnTimer, or correct the name.",
      ],
      [
        'cancelling a timer that nobody handles',
        (there) => there.cancel('trun'),
        "room.cancel('trun') names a timer that no @OnTimer handles",
      ],
      [
        'the remaining time of a timer that nobody handles',
        (there) => void there.remaining('trun'),
        "room.remaining('trun') names a timer",
      ],
      ['a timer without a name', (there) => there.schedule(undefined as never, 10), 'room.schedule(undefined) names a timer'],
      [
        'a timer named like a property of Object.prototype',
        (there) => there.schedule('constructor', 10),
        "room.schedule('constructor') names a timer",
      ],
      ['a timer in the past', (there) => there.schedule('turn', -1), "room.schedule('turn', …) is given -1: the time is in ms, from 0 to"],
      ['a timer after NaN ms', (there) => there.schedule('turn', Number.NaN), "room.schedule('turn', …) is given NaN"],
      ['a timer after infinite time', (there) => there.schedule('turn', Number.POSITIVE_INFINITY), 'is given Infinity'],
      ['a timer whose time is a string', (there) => there.schedule('turn', '500' as never), "is given '500'"],
      ['a timer in more than a hundred years', (there) => there.schedule('turn', 1e17), 'is given 100000000000000000'],
      [
        'an effect that nobody handles',
        (there) => there.effect('payy'),
        "The game counting, room r1, command 'do': room.effect('payy') names an effect that no @EffectHandler handles. Handled are: 'pay'. Add a provider with @EffectHandler to the game's module, or correct the name.",
      ],
      [
        'an event for a seat that does not exist',
        (there) => there.emit('secret', 1, [1, 2]),
        "The game counting, room r1, command 'do': room.emit('secret', …) is for seat 2, which does not exist: this room has seats 0 to 1.",
      ],
      ['an event for seat -1', (there) => there.emit('secret', 1, [-1]), 'is for seat -1, which does not exist'],
      ['an event for half a seat', (there) => there.emit('secret', 1, [0.5]), 'is for seat 0.5, which does not exist'],
      ['an event for a seat that is text', (there) => there.emit('secret', 1, ['0' as never]), "is for seat '0', which does not exist"],
      [
        'an event for a seat without an array',
        (there) => there.emit('secret', 1, 1 as never),
        'is given 1 for its seats: give an array of seats',
      ],
      [
        'an event for seat 0 without an array',
        (there) => there.emit('secret', 1, 0 as never),
        'is given 0 for its seats: give an array of seats',
      ],
      [
        'an event without a name',
        (there) => there.emit(''),
        "room.emit is given '' as the name of an event: give a text of 1 to 64 characters",
      ],
      [
        'an event whose name is no text',
        (there) => there.emit({ name: 'x' } as unknown as string),
        'room.emit is given a value of type object as the name',
      ],
      [
        'an event with a name that is too long',
        (there) => there.emit('x'.repeat(65)),
        `room.emit is given '${'x'.repeat(64)}…' as the name`,
      ],
      ['a refusal without a code', (there) => there.reject(undefined as never), 'room.reject is given undefined as a code'],
      [
        'a refusal with the code of a move',
        (there) => there.reject('moved'),
        "room.reject('moved') is given a code that only the server may use",
      ],
    ])('returns a failure for %s, and changes nothing', (_, ask, message) => {
      const room = new Table({
        effects: ['pay'],
        commands: {
          do: (there) => {
            there.state.count = 99;
            ask(there);
          },
        },
      });
      const before = room.value;
      expect(mistakeOf(room.command('do'))).toContain(message);
      expect(room.value).toBe(before);
      expect(plain(before)).toEqual(plain(new Table({ effects: ['pay'] }).value));
    });

    it('names the handler in the error when the call of a method is invalid', () => {
      const ask = (there: GameRoom<Count>): void => there.schedule('trun', 1);
      const room = new Table({ timers: { turn: ask }, step: ask, seats: { away: ask }, paused: ask });
      expect(mistakeOf(room.handle({ kind: 'timer', name: 'turn' }))).toMatch(/^The game counting, room r1, timer 'turn': /);
      expect(mistakeOf(room.handle({ kind: 'step' }))).toMatch(/^The game counting, room r1, step: /);
      expect(mistakeOf(room.handle({ kind: 'seat', seat: 1, event: 'away' }))).toMatch(
        /^The game counting, room r1, seat event 'away' of seat 1: /,
      );
      expect(mistakeOf(room.handle({ kind: 'paused', ms: 1 }))).toMatch(/^The game counting, room r1, pause: /);
      const setup = (there: Setup): Partial<Count> => {
        there.schedule('trun', 1);
        return {};
      };
      expect(() => new Table({ setup })).toThrow(/^The game counting, room r1, setup: /);
      expect(() => new Table({ seats: { joined: ask } })).toThrow(/^The game counting, room r1, seat event 'joined' of seat 0: /);
    });

    it('accepts any name of an effect when the names of the handled effects are unknown', () => {
      const room = new Table({ commands: { pay: (there) => there.effect('pay'), none: (there) => there.effect('') } });
      expect(room.command('pay').kind).toBe('changed');
      expect(mistakeOf(room.command('none'))).toContain("room.effect is given '' as the name of an effect");
    });

    it('accepts events for one seat, for all seats or for no seat', () => {
      const room = new Table({
        commands: {
          tell: (there) => {
            there.emit('one', 1, [1]);
            there.emit('all', 1, [0, 1]);
            there.emit('nobody', 1, []);
          },
        },
      });
      expect(room.changed({ kind: 'command', seat: 0, seq: 1, name: 'tell', data: undefined }).events).toHaveLength(3);
    });
  });

  describe('that had no owner', () => {
    const scheduled = (setup: Setup): Count => {
      setup.schedule('turn', 500);
      return begin(setup);
    };

    it('delays its timers by the downtime', () => {
      const seen: unknown[] = [];
      const room = new Table({
        setup: scheduled,
        paused: (room, ms) => {
          seen.push(ms, room.remaining('turn'));
          room.state.log.push(ms);
        },
      });
      room.handle({ kind: 'seat', seat: 1, event: 'away' });
      const before = room.value;
      const change = room.changed({ kind: 'paused', ms: 300 });
      expect(seen).toEqual([300, 800]);
      expect(room.value.timers).toEqual({ turn: 1_800, '$left:1': (before.timers['$left:1'] as number) + 300 });
      expect(applyChange(before, change)).toEqual(room.value);
    });

    it('lets its pause handler change the due time of a timer', () => {
      const room = new Table({ setup: scheduled, paused: (room) => room.schedule('turn', 50) });
      room.handle({ kind: 'paused', ms: 300 });
      expect(room.value.timers).toEqual({ turn: 1_050 });
    });

    it('records a downtime only for a game with timers or a pause handler', () => {
      const hooked = new Table({ paused: () => {} });
      expect(hooked.changed({ kind: 'paused', ms: 300 })).toMatchObject({ version: 1, patches: [] });
      expect(new Table({ setup: () => ({ count: 0 }) }).handle({ kind: 'paused', ms: 300 })).toEqual({ kind: 'unchanged' });
    });
  });

  describe('that runs steps', () => {
    it('passes the length of a step to the handler', () => {
      const room = new Table({ step: ({ state }, stepMs) => add(state, stepMs), stepHz: 20 });
      room.changed({ kind: 'step' });
      expect(room.value.state.count).toBe(50);
    });

    it('makes no change for a step that changes nothing', () => {
      expect(new Table({ step: () => {} }).handle({ kind: 'step' })).toEqual({ kind: 'unchanged' });
      expect(new Table().handle({ kind: 'step' })).toEqual({ kind: 'unchanged' });
    });
  });

  describe('whose players leave and return', () => {
    it('records the presence of a player', () => {
      const seen: unknown[] = [];
      const note = (there: GameRoom<Count>): void => void seen.push(there.seat, there.seats[1].presence);
      const room = new Table({ seats: { away: note, back: note } });
      room.changed({ kind: 'seat', seat: 1, event: 'away' });
      room.changed({ kind: 'seat', seat: 1, event: 'back' });
      expect(seen).toEqual([1, 'away', 1, 'here']);
      expect(room.value.seats.map(({ presence }) => presence)).toEqual(['here', 'here']);
    });

    it('frees a seat after the grace period', () => {
      const left: number[] = [];
      const room = new Table({ seats: { left: ({ seat }) => void left.push(seat) } });
      room.changed({ kind: 'seat', seat: 1, event: 'away' });
      expect(room.value.timers).toEqual({ turn: 1_500, '$left:1': 1_000 + 60_000 });
      room.changed({ kind: 'timer', name: '$left:1' });
      expect(left).toEqual([1]);
      expect(room.value.seats[1].presence).toBe('left');
      expect(room.value.timers).toEqual({ turn: 1_500 });
    });

    it('keeps the seat of a player who returns within the grace period', () => {
      const room = new Table();
      room.changed({ kind: 'seat', seat: 1, event: 'away' });
      room.changed({ kind: 'seat', seat: 1, event: 'back' });
      expect(room.value.timers).toEqual({ turn: 1_500 });
      expect(room.handle({ kind: 'timer', name: '$left:1' })).toEqual({ kind: 'unchanged' });
    });

    it.each<[Exclude<SeatEvent, 'joined'>, number]>([
      ['back', 0],
      ['away', 9],
    ])('makes no change for the seat event `%s` of seat %d, which is connected or does not exist', (event, seat) => {
      expect(new Table().handle({ kind: 'seat', seat, event })).toEqual({ kind: 'unchanged' });
    });

    it('does not return the seat to a player who has left', () => {
      const room = new Table();
      room.changed({ kind: 'seat', seat: 1, event: 'left' });
      expect(room.handle({ kind: 'seat', seat: 1, event: 'back' })).toEqual({ kind: 'unchanged' });
      expect(room.handle({ kind: 'seat', seat: 1, event: 'away' })).toEqual({ kind: 'unchanged' });
    });

    it('is abandoned only when all players have left', () => {
      const room = new Table();
      room.changed({ kind: 'seat', seat: 0, event: 'left' });
      expect(room.value.ended).toBeUndefined();
      room.changed({ kind: 'seat', seat: 1, event: 'left' });
      expect(room.value.ended).toEqual({ reason: 'abandoned' });
    });

    it('lets a player leave even when the handler rejects', () => {
      const room = new Table({ seats: { left: (there) => there.reject('stay') } });
      room.changed({ kind: 'seat', seat: 1, event: 'left' });
      expect(room.value.seats[1].presence).toBe('left');
    });
  });

  describe('that requests effects', () => {
    const pay = (there: GameRoom<Count>): void => {
      for (const amount of [1, 2]) there.effect('pay', { amount });
    };
    const paying = { commands: { pay } };

    it('stores each effect with its key until the effect is done', () => {
      const room = new Table(paying);
      room.command('add', 1);
      room.command('pay');
      expect(room.value.outbox).toEqual([
        { key: 'r1:2:0', name: 'pay', data: { amount: 1 } },
        { key: 'r1:2:1', name: 'pay', data: { amount: 2 } },
      ]);
      room.changed({ kind: 'effects-done', keys: ['r1:2:0'] });
      expect(room.value.outbox.map(({ key }) => key)).toEqual(['r1:2:1']);
    });

    it('has its effects with unchanged keys after a recovery', () => {
      const room = new Table(paying);
      const before = room.value;
      const pay = room.changed({ kind: 'command', seat: 0, seq: 1, name: 'pay', data: undefined });
      const done = room.changed({ kind: 'effects-done', keys: ['r1:1:1'] });
      expect([pay, done].reduce((value, change) => applyChange(value, plain(change)), plain(before))).toEqual(room.value);
    });

    it('records the completion of an effect even after the end of the game', () => {
      const room = new Table({
        commands: {
          finish: (there) => {
            there.effect('rank');
            there.end();
          },
        },
      });
      room.command('finish');
      room.changed({ kind: 'effects-done', keys: ['r1:1:0'] });
      expect(room.value.outbox).toEqual([]);
      expect(room.value.ended).toEqual({ reason: 'finished' });
    });
  });

  describe('whose game has ended', () => {
    it('refuses commands and timers', () => {
      const room = new Table({ commands: { finish: (there) => there.end({ winner: 1 }) } });
      expect(room.changed({ kind: 'command', seat: 0, seq: 1, name: 'finish', data: undefined }).ended).toEqual({
        reason: 'finished',
        result: { winner: 1 },
      });
      expect(room.command('add', 1)).toEqual({ kind: 'refused', code: 'game-ended' });
      expect(room.handle({ kind: 'timer', name: 'turn' }).kind).toBe('refused');
      expect(room.value.version).toBe(1);
    });

    it('has the result with which its owner ended the game', () => {
      const room = new Table();
      room.changed({ kind: 'end', result: { reason: 'operator' } });
      expect(room.value.ended).toEqual({ reason: 'operator' });
    });
  });

  it('shows each seat its view, or the whole state of a game without views', () => {
    const hiding = new Table({ view: ({ log }, seat) => (seat === null ? {} : { log: log[seat] }) });
    expect(hiding.machine.view({ count: 1, log: [5, 6] }, 1)).toEqual({ log: 6 });
    expect(hiding.machine.view({ count: 1, log: [5, 6] }, null)).toEqual({});
    expect(new Table().machine.view({ count: 1, log: [] }, 0)).toEqual({ count: 1, log: [] });
  });
});

describe('applyChange', () => {
  it('refuses a change that does not follow the version of the value', () => {
    const room = new Table();
    const { value } = room;
    const change = room.changed({ kind: 'command', seat: 0, seq: 1, name: 'add', data: 1 });
    expect(() => applyChange(room.value, change)).toThrow('room r1 is at version 1; change 1 does not follow');
    expect(() => applyChange(value, { ...change, version: 2 })).toThrow('change 2 does not follow');
  });

  it('throws for a patch with a path that is not in the state', () => {
    const { value } = new Table();
    expect(() => applyChange(value, { version: 1, at: 0, patches: [{ op: 'replace', path: '/none', value: 1 }] })).toThrow('/none');
  });

  it('returns the same value as `withChange`', () => {
    const room = new Table();
    const before = room.value;
    const change = room.changed({ kind: 'command', seat: 0, seq: 1, name: 'add', data: 4 });
    expect(applyChange(before, change)).toEqual(withChange(before, change, room.value.state));
  });
});

interface Count {
  count: number;
  log: number[];
}

interface Parts {
  setup?: (room: Setup) => Partial<Count>;
  commands?: Record<string, (room: GameRoom<Count>) => void>;
  rules?: CommandRule<Count>;
  timers?: Record<string, (room: GameRoom<Count>) => void>;
  effects?: readonly string[];
  seats?: Partial<Record<SeatEvent, (room: GameRoom<Count>) => void>>;
  step?: (room: GameRoom<Count>, stepMs: number) => void;
  stepHz?: number;
  view?: RoomRules<Count>['view'];
  paused?: (room: GameRoom<Count>, ms: number) => void;
}

/** A room with the rules under test, and its current value. */
class Table {
  readonly machine: RoomMachine<Count>;
  readonly startEvents: readonly unknown[];
  value: RoomValue<Count>;
  private seq = 0;

  constructor({ setup, commands = {}, rules, timers = {}, effects, seats = {}, step, stepHz = 0, paused, view }: Parts = {}) {
    const adding: CommandRule<Count> = {
      validate: (data) => (typeof data === 'number' ? { ok: true, value: data } : { ok: false, message: 'a number, please' }),
      run: ({ state }, amount) => add(state, amount as number),
    };
    const own = Object.entries(commands).map(([name, run]): [string, CommandRule<Count>] => [
      name,
      { validate: () => ({ ok: true, value: undefined }), run },
    ]);
    this.machine = new RoomMachine<Count>(
      rulesOf('counting', (room) => (setup ? setup(room) : begin(room)) as Count, {
        definition: { version: 3, stepHz },
        commands: new Map([['add', adding], ...(rules ? [['ruled', rules] as const] : []), ...own]),
        timers: new Map(Object.entries({ turn: () => {}, later: () => {}, ...timers })),
        effects: effects && new Set(effects),
        seatEvents: new Map(Object.entries(seats) as [SeatEvent, (room: GameRoom<Count>) => void][]),
        step: step ?? null,
        paused: paused ?? null,
        view: view ?? null,
      }),
      { now: () => 1_000, random: () => 0.25 },
    );
    const { value, events } = this.machine.start('r1' as RoomId, [
      { user: 'u1' as UserId, name: 'Ann' },
      { user: 'u2' as UserId, name: 'Bob' },
    ]);
    this.value = value;
    this.startEvents = events;
  }

  handle(...[input, refused]: HandleArgs): RoomOutcome<Count> {
    const outcome = this.machine.handle(this.value, input, refused);
    if (outcome.kind === 'changed') this.value = outcome.value;
    return outcome;
  }

  changed(...args: HandleArgs): Change {
    const outcome = this.handle(...args);
    if (outcome.kind !== 'changed') throw new Error(`expected a change, not ${JSON.stringify(outcome)}`);
    return outcome.change;
  }

  command(name: string, data?: unknown): RoomOutcome<Count> {
    this.seq += 1;
    return this.handle({ kind: 'command', seat: 0, seq: this.seq, name, data });
  }
}

type HandleArgs = [input: Parameters<RoomMachine<Count>['handle']>[1], refused?: Parameters<RoomMachine<Count>['handle']>[2]];

function add(state: Count, amount: number): void {
  state.count += amount;
}

function mistakeOf(outcome: RoomOutcome<Count>): string {
  if (outcome.kind !== 'failed' || !(outcome.error instanceof GameMistake)) throw new Error(`no mistake: ${JSON.stringify(outcome)}`);
  return outcome.error.message;
}

function begin(room: Setup): Count {
  room.schedule('turn', 500);
  return { count: 0, log: [] };
}

/** Returns the value as Redis would return it. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

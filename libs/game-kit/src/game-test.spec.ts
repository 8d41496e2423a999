import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Seat } from '#libs/protocol';
import type { GameRoom, Setup } from '#libs/room';
import { Game } from './game.decorator.js';
import type { GameRules } from './game-rules.js';
import { GameTest, type GameTestOptions, Refused } from './game-test.js';
import { Command, EffectHandler, OnPause, OnSeat, OnStep, OnTimer, View } from './handler.decorators.js';

interface Diary {
  lines: string[];
  odd?: unknown;
}

@Injectable()
class Ink {
  readonly colour: string = 'blue';
}

const Line = z.object({ text: z.string() });

@Game({ name: 'diary', version: 1, seats: { min: 1, max: 2 }, seatGraceMs: 5_000 })
class DiaryGame implements GameRules<Diary> {
  private kept: Diary | undefined;

  constructor(private readonly ink: Ink) {}

  setup(room: Setup): Diary {
    room.emit('opened', { by: room.seats[0].name });
    this.kept = { lines: [] };
    return this.kept;
  }

  @Command(Line)
  write(room: GameRoom<Diary>, { text }: z.infer<typeof Line>): void {
    if (text === '') room.reject('nothing-to-write', 'Say something.');
    if (text === 'bug') throw new Error('a defect');
    room.state.lines.push(`${this.ink.colour} ${text}`);
    room.emit('written');
    room.effect('print', { text });
  }

  @Command()
  roll(room: GameRoom<Diary>): void {
    room.state.lines.push(String(Math.floor(room.random() * 1_000_000)));
  }

  @Command(z.object({ name: z.string(), ms: z.number() }))
  plan(room: GameRoom<Diary>, { name, ms }: { name: string; ms: number }): void {
    room.schedule(name, ms);
  }

  @Command(z.object({ what: z.custom<() => unknown>() }))
  keep(room: GameRoom<Diary>, { what }: { what: () => unknown }): void {
    room.state.odd = what();
  }

  @Command()
  close(room: GameRoom<Diary>): void {
    room.end({ pages: room.state.lines.length });
  }

  @Command()
  forget(_room: GameRoom<Diary>): void {
    this.kept?.lines.push('written past the room');
  }

  @OnTimer('first')
  protected first(room: GameRoom<Diary>): void {
    room.state.lines.push('first');
  }

  @OnTimer('second')
  protected second(room: GameRoom<Diary>): void {
    room.state.lines.push('second');
  }

  @OnTimer('endless')
  protected endless(room: GameRoom<Diary>): void {
    room.schedule('endless', 0);
  }

  @OnPause()
  protected goOn(room: GameRoom<Diary>, pausedMs: number): void {
    room.state.lines.push(`on after ${pausedMs}`);
  }

  @OnStep(10)
  protected step(room: GameRoom<Diary>, stepMs: number): void {
    if (room.state.lines.length > 0) room.state.lines.push(`step ${stepMs}`);
  }

  @OnSeat('joined', 'away', 'back', 'left')
  protected presence(room: GameRoom<Diary>): void {
    if (room.state.odd !== undefined) room.state.lines.push(`${room.seat} ${room.seats[room.seat].presence}`);
  }

  @View()
  view(state: Diary, seat: Seat | null): { lines: unknown } {
    return { lines: seat === null ? undefined : state.lines.length };
  }
}

const create = (options: Partial<GameTestOptions> = {}) =>
  GameTest.create(DiaryGame, { players: ['Ann', 'Bob'], providers: [Ink], ...options });

describe('GameTest', () => {
  it('runs a game with injected services', async () => {
    const game = await create();
    game.as(1).write({ text: 'hello' });
    expect(game.state).toEqual({ lines: ['blue hello'] });
    const red = await create({ providers: [{ provide: Ink, useValue: { colour: 'red' } }] });
    red.as(0).write({ text: 'hello' });
    expect(red.state.lines).toEqual(['red hello']);
  });

  it('returns the emitted events and the requested effects', async () => {
    const game = await create();
    game.as(0).write({ text: 'hello' });
    expect(game.events).toEqual([{ name: 'opened', data: { by: 'Ann' } }, { name: 'written' }]);
    expect(game.effects).toEqual([{ key: 'test:1:0', name: 'print', data: { text: 'hello' } }]);
    expect(game.changes).toHaveLength(1);
    expect(game.version).toBe(1);
  });

  it('simulates the pause after the loss of a server', async () => {
    const game = await create();
    game.as(0).plan({ name: 'first', ms: 100 });
    game.pause(5_000);
    expect(game.state.lines).toEqual(['on after 5000']);
    expect(game.timers.first).toBe(game.now + 100);
    game.advance(99);
    expect(game.state.lines).not.toContain('first');
    game.advance(1);
    expect(game.state.lines).toContain('first');
  });

  it('throws when a command of `as` is refused, and returns the code of the refusal from `command`', async () => {
    const game = await create();
    const refusal = (() => {
      try {
        game.as(0).write({ text: '' });
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(Refused);
    expect(refusal).toMatchObject({ code: 'nothing-to-write', message: 'nothing-to-write: Say something.' });
    expect(game.command(0, 'write', { text: '' })).toBe('nothing-to-write');
    expect(game.command(0, 'write', { text: 4 })).toBe('bad-data');
    expect(game.command(0, 'burn')).toBe('unknown-command');
    expect(game.command(0, 'write', { text: 'hello' })).toBeNull();
  });

  it('rethrows an unexpected error of a handler', async () => {
    const game = await create();
    expect(() => game.command(0, 'write', { text: 'bug' })).toThrow('a defect');
  });

  it('gives equal random numbers only for equal seeds', async () => {
    const rolls = async (seed: number): Promise<string[]> => {
      const game = await create({ seed });
      for (let roll = 0; roll < 20; roll++) game.as(0).roll();
      return game.state.lines;
    };
    expect(await rolls(5)).toEqual(await rolls(5));
    expect(await rolls(5)).not.toEqual(await rolls(6));
    expect(new Set(await rolls(5)).size).toBe(20);
  });

  it('runs timers and steps in the order of their due times', async () => {
    const game = await create({ now: 0 });
    game.as(0).plan({ name: 'second', ms: 250 });
    game.as(0).plan({ name: 'first', ms: 50 });
    game.advance(49);
    expect(game.state.lines).toEqual([]);
    game.advance(301);
    expect(game.state.lines).toEqual(['first', 'step 100', 'step 100', 'second', 'step 100']);
    expect(game.now).toBe(350);
    expect(game.timers).toEqual({});
  });

  it('runs the due timers late after `stall`, as a busy server does', async () => {
    const game = await create({ now: 0 });
    game.as(0).plan({ name: 'first', ms: 50 });
    game.stall(260);
    expect(game.timers).toEqual({ first: 50 });
    game.advance(0);
    expect(game.state.lines).toEqual(['first', 'step 100', 'step 100']);
  });

  it('throws when a timer schedules itself endlessly', async () => {
    const game = await create();
    game.as(0).plan({ name: 'endless', ms: 10 });
    expect(() => game.advance(10)).toThrow('does a timer schedule itself without delay?');
  });

  it('simulates players who go away, return, leave and lose their seats', async () => {
    const game = await create();
    game.as(0).keep({ what: () => 'note presence' });
    game.seat(1).away();
    game.seat(1).back();
    game.seat(0).left();
    expect(game.state.lines.filter((line) => !line.startsWith('step'))).toEqual(['1 away', '1 here', '0 left']);
    game.seat(1).away();
    game.advance(4_999);
    expect(game.ended).toBeUndefined();
    game.advance(1);
    expect(game.ended).toEqual({ reason: 'abandoned' });
  });

  it('returns the reason and the result with which the game has ended, and refuses further commands', async () => {
    const game = await create();
    game.as(0).close();
    expect(game.ended).toEqual({ reason: 'finished', result: { pages: 0 } });
    expect(game.command(0, 'roll')).toBe('game-ended');
  });

  it('returns the view of a seat, and throws when a view is not plain data', async () => {
    const game = await create();
    expect(game.view(0)).toEqual({ lines: 0 });
    expect(() => game.view(null)).toThrow('diary: in the view of spectators, view.lines is undefined; a room keeps objects');
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['NaN', () => Number.NaN],
    ['a Date', () => new Date(0)],
    ['a Map', () => new Map([[1, 2]])],
    ['a Ink', () => new Ink()],
  ])('throws an error that names the path when the state contains %s', async (what, make) => {
    const game = await create();
    expect(() => game.as(0).keep({ what: make })).toThrow(`diary: after command 'keep', state.odd is ${what}; a room keeps objects`);
  });

  it('throws when a game writes to its state through a stored reference', async () => {
    const game = await create();
    expect(() => game.as(0).forget()).toThrow(TypeError);
  });

  it('throws when a game schedules a timer without a handler', async () => {
    const game = await create();
    expect(() => game.as(0).plan({ name: 'frist', ms: 10 })).toThrow(
      "The game diary, room test, command 'plan': room.schedule('frist') names a timer that no @OnTimer handles. Handled are: 'first', 'second', 'endless'.",
    );
    expect(game.timers).toEqual({});
  });

  it('throws when a game requests an effect without a handler', async () => {
    @Injectable()
    class Mailer {
      @EffectHandler('mail')
      send(): void {}
    }
    const withHandler = await create({ providers: [Ink, Mailer] });
    expect(() => withHandler.as(0).write({ text: 'hello' })).toThrow(
      "The game diary, room test, command 'write': room.effect('print') names an effect that no @EffectHandler handles. Handled are: 'mail'.",
    );
    expect(withHandler.state.lines).toEqual([]);
    const withList = await create({ effects: [] });
    expect(() => withList.as(0).write({ text: 'hello' })).toThrow('Handled are: none.');
    const withBoth = await create({ providers: [Ink, Mailer], effects: ['print'] });
    withBoth.as(0).write({ text: 'hello' });
    expect(withBoth.effects).toHaveLength(1);
  });

  it('throws when the state is too large for a server', async () => {
    const game = await create();
    game.as(0).write({ text: 'x'.repeat(100_000) });
    expect(() => game.as(0).write({ text: 'x'.repeat(100_000) })).toThrow(
      /^diary: after command 'write', the room has 30\d{4} bytes; a server allows 262144 \(ROOM_STATE_BYTES_MAX\)/,
    );
    const larger = await create({ stateBytesMax: 1_000_000 });
    larger.as(0).write({ text: 'x'.repeat(400_000) });
    const smaller = await create({ stateBytesMax: 1_024 });
    expect(() => smaller.as(0).write({ text: 'x'.repeat(2_000) })).toThrow('a server allows 1024');
  });

  it('does not count the effects of earlier changes towards the size of the state', async () => {
    const game = await create({ stateBytesMax: 3_000, providers: [{ provide: Ink, useValue: { colour: '' } }] });
    for (let line = 0; line < 5; line += 1) game.as(0).write({ text: 'x'.repeat(400) });
    expect(game.effects).toHaveLength(5);
  });

  it('refuses a number of players that the game does not allow', async () => {
    await expect(create({ players: ['Ann', 'Bob', 'Cid'] })).rejects.toThrow('diary is for 1 to 2 players, not 3');
    await expect(create({ players: [] })).rejects.toThrow('diary is for 1 to 2 players, not 0');
    const alone = await create({ players: ['Ann'] });
    expect(() => alone.command(1, 'roll')).toThrow('there is no seat 1');
  });

  it('fails when the class is not a game or its module is not imported', async () => {
    class NoGame implements GameRules<Diary> {
      setup(): Diary {
        return { lines: [] };
      }
    }
    await expect(GameTest.create(NoGame, { players: ['Ann'] })).rejects.toThrow('NoGame is not a game of this test');
    await expect(create({ imports: [] })).rejects.toThrow(/^DiaryGame is not a game of this test.*Games of this test are: none\.$/);
  });
});

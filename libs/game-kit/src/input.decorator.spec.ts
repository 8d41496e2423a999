import { Test } from '@nestjs/testing';
import { z } from 'zod';
import type { GameRoom } from '#libs/room';
import { Game } from './game.decorator.js';
import { GameKitModule } from './game-kit.module.js';
import type { GameRules } from './game-rules.js';
import { GameTest, Refused } from './game-test.js';
import { Command, OnStep } from './handler.decorators.js';
import { INPUT_QUEUE_MAX, Input, type InputOptions } from './input.decorator.js';

const Steering = z.strictObject({ dx: z.int().min(-1).max(1) });
type Steering = z.output<typeof Steering>;

interface Track {
  x: number[];
  held: (number | null)[];
}

@Game({ name: 'track', version: 1, seats: 2 })
@Input(Steering)
class TrackGame implements GameRules<Track> {
  setup(): Track {
    return { x: [0, 0], held: [null, null] };
  }

  @OnStep(20)
  protected move(room: GameRoom<Track, Steering>): void {
    for (const { seat } of room.seats) {
      const dx = room.input(seat)?.dx;
      room.state.held[seat] = dx ?? null;
      room.state.x[seat]! += dx ?? 0;
    }
  }

  @Command()
  peek(room: GameRoom<Track>): void {
    room.input(0);
  }
}

@Game({ name: 'deaf', version: 1, seats: 2 })
class DeafGame extends TrackGame {
  @OnStep(20)
  protected override move(room: GameRoom<Track, Steering>): void {
    room.input(0);
  }
}

@Game({ name: 'odd', version: 1, seats: 2 })
@Input(Steering)
class OddGame extends TrackGame {
  @OnStep(20)
  protected override move(room: GameRoom<Track, Steering>): void {
    room.input(2);
  }
}

function withInput(schema: unknown, options?: InputOptions) {
  @Game({ name: 'made', version: 1, seats: 1 })
  @Input(schema as typeof Steering, options)
  class MadeGame extends TrackGame {}
  return MadeGame;
}

async function started(...providers: (new () => object)[]): Promise<void> {
  const module = await Test.createTestingModule({ imports: [GameKitModule], providers }).compile();
  await module.init();
}

describe('the decorator @Input', () => {
  it('gives each step the latest player input of a seat', async () => {
    const game = await GameTest.create(TrackGame, { players: ['Ann', 'Bob'] });
    game.input(0, { dx: 1 });
    game.step(3);
    expect(game.state).toEqual({ x: [3, 0], held: [1, null] });
    game.input(0, { dx: 0 });
    game.input(1, { dx: -1 });
    game.step();
    expect(game.state).toEqual({ x: [3, -1], held: [0, -1] });
    expect(game.now % 50).toBe(0);
  });

  it('records the number of a player input only with the first step that uses the input', async () => {
    const game = await GameTest.create(TrackGame, { players: ['Ann', 'Bob'] });
    game.input(1, { dx: 1 });
    game.step(2);
    expect(game.changes.map(({ seats }) => seats)).toEqual([{ 1: { input: 1 } }, undefined]);
  });

  it('makes `GameTest.input` throw for invalid data and for a seat that does not exist', async () => {
    const game = await GameTest.create(TrackGame, { players: ['Ann', 'Bob'] });
    expect(() => game.input(0, { dx: 5 })).toThrow(Refused);
    expect(() => game.input(2, { dx: 1 })).toThrow('there is no seat 2');
  });

  it('makes `room.input` throw an error that says what to do outside of a step, without @Input, and for an unknown seat', async () => {
    const [track, deaf, odd] = await Promise.all(
      [TrackGame, DeafGame, OddGame].map((game) => GameTest.create(game, { players: ['Ann', 'Bob'] })),
    );
    expect(() => track!.as(0).peek()).toThrow('call it in the method with @OnStep');
    expect(() => deaf!.step()).toThrow('add @Input(Schema) to its class');
    expect(() => odd!.step()).toThrow('this room has seats 0 to 1');
  });

  it.each([
    [undefined, undefined, 'has @Input(undefined (do two files import each other?))'],
    [{ dx: 1 }, undefined, 'give a Standard Schema'],
    [Steering, { queue: 0 }, `has @Input with queue 0; give a whole number from 1 to ${INPUT_QUEUE_MAX}`],
    [Steering, { queue: 1_000 }, 'has @Input with queue 1000'],
  ])('makes the start fail when the arguments of @Input are %p and %p', async (schema, options, message) => {
    await expect(started(withInput(schema, options))).rejects.toThrow(message);
  });

  it('makes the start fail when a class has @Input twice, no steps, or no @Game', async () => {
    @Game({ name: 'twice', version: 1, seats: 1 })
    @Input(Steering)
    @Input(Steering)
    class TwiceGame extends TrackGame {}

    @Game({ name: 'still', version: 1, seats: 1 })
    @Input(Steering)
    class StillGame implements GameRules<Track> {
      setup(): Track {
        return { x: [], held: [] };
      }
    }

    @Input(Steering)
    class NoGame {}

    await expect(started(TwiceGame)).rejects.toThrow('The game TwiceGame has @Input twice');
    await expect(started(StillGame)).rejects.toThrow('The game StillGame has @Input, but no steps that use it');
    await expect(started(NoGame)).rejects.toThrow('NoGame has @Input, but no @Game decorator');
    await expect(started(TrackGame)).resolves.toBeUndefined();
  });
});

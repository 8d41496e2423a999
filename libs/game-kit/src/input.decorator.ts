import { quoted } from '#libs/room';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';

/** The options of `@Input`. */
export interface InputOptions {
  /**
   * Maximum number of player inputs of a seat that wait for steps, 1 to 16. Each step takes one waiting input, in order. When the queue is
   * full, the room drops the oldest input. Default: no queue. Each step then samples only the latest input.
   */
  readonly queue?: number;
}

/** Maximum of `queue`. Each waiting input delays the player by one step. At 20 Hz, 16 steps are 0.8 s. */
export const INPUT_QUEUE_MAX = 16;

/**
 * Declares the player input of this game: the controls that a player holds down, such as a stick or keys. Players send inputs many times a
 * second. The server neither answers nor stores an input, so it can be lost. In the method with `@OnStep`, `room.input(seat)` returns the
 * latest input. Use a command for data that must not be lost. The class needs `@Game` as well.
 *
 * @example
 * const Steering = z.strictObject({ turn: z.number().min(-1).max(1), isFiring: z.boolean() });
 *
 * @Game({ name: 'race', version: 1, seats: 4 })
 * @Input(Steering) class RaceGame {
 *   @OnStep(20)
 *   protected move(room: GameRoom<Race, z.output<typeof Steering>>): void {
 *     const turn = room.input(0)?.turn ?? 0;
 * } }
 */
export function Input(schema: StandardSchema, options: InputOptions = {}): ClassDecorator {
  return (target) => {
    const given: GivenInput[] = [...(inputsOf(target) ?? []), { schema, options }];
    Reflect.defineMetadata(INPUTS, given, target);
  };
}

interface GivenInput {
  readonly schema: unknown;
  readonly options: InputOptions;
}

export function inputsOf(target: object): readonly GivenInput[] | undefined {
  return Reflect.getOwnMetadata(INPUTS, target) as readonly GivenInput[] | undefined;
}

/**
 * Returns the declared input of a game. Throws an error when the declaration is wrong. Its message is the end of a sentence that begins
 * with "The game G".
 */
export function checkedInput(inputs: readonly GivenInput[]): { schema: StandardSchema; queue: number } {
  const [{ schema, options } = {} as GivenInput, ...others] = inputs;
  if (others.length > 0) throw new Error('has @Input twice; give one schema for all that a player holds down');
  if (!isStandardSchema(schema)) {
    const what = schema === undefined ? 'undefined (do two files import each other?)' : quoted(schema);
    throw new Error(`has @Input(${what}); give a Standard Schema (zod, valibot, arktype …)`);
  }
  const { queue } = options;
  if (queue === undefined) return { schema, queue: 0 };
  if (!Number.isInteger(queue) || queue < 1 || queue > INPUT_QUEUE_MAX) {
    throw new Error(`has @Input with queue ${quoted(queue)}; give a whole number from 1 to ${INPUT_QUEUE_MAX}, or leave it out`);
  }
  return { schema, queue };
}

const INPUTS = 'holdfast:inputs';

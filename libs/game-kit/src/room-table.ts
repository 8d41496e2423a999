import { types } from 'node:util';
import { MetadataScanner } from '@nestjs/core';
import type { MatchRules, Seat } from '#libs/protocol';
import { describeIssues } from '#libs/protocol';
import type {
  BotMove,
  CommandRule,
  EffectResult,
  GameRoom,
  InputRule,
  LoadRule,
  ResultRule,
  RoomRules,
  SeatEvent,
  Validation,
} from '#libs/room';
import { defineGame, gameOptionsOf } from './game.decorator.js';
import type { GameRules } from './game-rules.js';
import { describeHandle, type Handle, handlesOf } from './handles.js';
import { checkedInput, inputsOf } from './input.decorator.js';
import { describeSchema, droppedField, type StandardSchema } from './standard-schema.js';

export interface HandledMethod {
  readonly method: string;
  readonly handle: Handle;
  /** Binds the method to its provider, so that the method can use the injected services. */
  readonly run: (...args: unknown[]) => unknown;
}

/**
 * Builds the table of rules from the decorators of a game's class. Throws an error with the reason when the game is invalid.
 * @param effects names of the effects that have a handler; null: the names are not known, so `room.effect` accepts every name
 * @param load the method that loads the data of the game; null: the game has no such method
 */
export function roomTableOf(instance: object, effects: ReadonlySet<string> | null, load: LoadRule | null = null): RoomRules {
  const game = instance.constructor;
  try {
    const options = gameOptionsOf(game);
    if (!options) throw new Error('has no @Game decorator');
    if (typeof (instance as Partial<GameRules<unknown>>).setup !== 'function')
      throw new Error('has no setup(room) method to make its first state');
    const rules = instance as GameRules<unknown>;
    refuseAsync(rules.setup, 'setup');
    refuseAsync(rules.migrateState, 'migrateState');
    const methods = handledMethodsOf(instance);
    refuseTwice(methods);
    const step = methods.find(({ handle }) => handle.kind === 'step');
    const pause = methods.find(({ handle }) => handle.kind === 'pause');
    const view = methods.find(({ handle }) => handle.kind === 'view');
    const bot = methods.find(({ handle }) => handle.kind === 'bot');
    const results = resultsOf(methods);
    const defined = defineGame(options, step?.handle.kind === 'step' ? step.handle.hz : 0);
    if (!bot && needsBots(defined.match)) throw new Error('has match.botsAfterMs, but no code that plays bots; add a method with @Bot');
    return {
      definition: {
        ...defined,
        ...(results.size > 0 && { hasResults: true }),
        ...(load && { hasLoad: true }),
        ...(bot && { bots: true as const }),
      },
      setup: (room) => rules.setup(room as never),
      load,
      results,
      options: optionsOf(options.options),
      ...(options.options && describedSchema(options.options)),
      commands: commandsOf(methods),
      input: inputRuleOf(game, step !== undefined),
      timers: new Map(methods.flatMap(({ handle, run }) => (handle.kind === 'timer' ? [[handle.name, run]] : []))),
      effects,
      seatEvents: new Map(
        methods.flatMap(({ handle, run }): [SeatEvent, RoomHandler][] => (handle.kind === 'seat' ? [[handle.event, run]] : [])),
      ),
      step: step ? (room, stepMs) => step.run(room, stepMs) : null,
      paused: pause ? (room, ms) => pause.run(room, ms) : null,
      ...(bot?.handle.kind === 'bot' && {
        bot: { everyMs: bot.handle.everyMs, move: (seen, room) => bot.run(seen, room) as BotMove | null | undefined },
      }),
      view: view ? (state, seat: Seat | null) => view.run(state, seat) : null,
      migrateState: rules.migrateState ? (state, fromVersion) => rules.migrateState?.(state, fromVersion) : null,
    };
  } catch (error) {
    throw new Error(`The game ${game.name} ${(error as Error).message}.`, { cause: error });
  }
}

function needsBots(match: MatchRules | undefined): boolean {
  return match !== undefined && [match, ...Object.values(match.modes ?? {})].some(({ botsAfterMs }) => botsAfterMs !== undefined);
}

/** Returns the decorated methods of a provider, including inherited methods. Throws when a decorator is applied wrongly. */
export function handledMethodsOf(instance: object): HandledMethod[] {
  const prototype = Object.getPrototypeOf(instance) as Record<string, HandledMethod['run']>;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const handles = handlesOf(prototype[method]!);
    for (const handle of handles) if (handle.kind === 'flawed') throw new Error(`has ${method}() with ${handle.flaw}`);
    if (handles.some(({ kind }) => kind !== 'effect' && kind !== 'load')) refuseAsync(prototype[method], method);
    return handles.map((handle) => ({ method, handle, run: prototype[method]!.bind(instance) }));
  });
}

/** Returns whether a class has decorated methods. Works without an instance of the class. */
export function hasHandles(target: unknown): boolean {
  const prototype: unknown = typeof target === 'function' ? target.prototype : null;
  if (typeof prototype !== 'object' || prototype === null) return false;
  const methods = prototype as Record<string, object>;
  return scanner.getAllMethodNames(prototype).some((method) => handlesOf(methods[method]!).length > 0);
}

type RoomHandler = (room: GameRoom<unknown>) => void;

const scanner = new MetadataScanner();

function optionsOf(schema: StandardSchema | undefined): RoomRules['options'] {
  if (!schema) return null;
  return (data) => {
    const checked = validate(schema, data, 'options of the room');
    const dropped = checked.ok ? droppedField(data, checked.value) : null;
    return dropped === null ? checked : { ok: false, message: `${dropped}: there is no such option` };
  };
}

function describedSchema(schema: StandardSchema): Pick<RoomRules, 'optionsSchema'> {
  const optionsSchema = describeSchema(schema);
  return optionsSchema ? { optionsSchema } : {};
}

function commandsOf(methods: readonly HandledMethod[]): ReadonlyMap<string, CommandRule<unknown>> {
  const commands = new Map<string, CommandRule<unknown>>();
  for (const { handle, run } of methods) {
    if (handle.kind !== 'command') continue;
    const { name, schema } = handle;
    commands.set(name, {
      validate: (data) => (schema ? validate(schema, data, `command '${name}'`) : NO_DATA),
      run: (room, data) => run(room, data),
    });
  }
  return commands;
}

function resultsOf(methods: readonly HandledMethod[]): ReadonlyMap<string, ResultRule<unknown>> {
  const results = new Map<string, ResultRule<unknown>>();
  for (const { handle, run } of methods) {
    if (handle.kind !== 'result') continue;
    const { name, timeoutMs, attempts } = handle;
    results.set(name, { timeoutMs, attempts, run: (room, result: EffectResult) => run(room, result) });
  }
  return results;
}

function inputRuleOf(game: object, hasSteps: boolean): InputRule | null {
  const inputs = inputsOf(game);
  if (inputs === undefined) return null;
  const { schema, queue } = checkedInput(inputs);
  if (!hasSteps) throw new Error('has @Input, but no steps that use it; add a method with @OnStep(20)');
  return { queue, validate: (data) => validate(schema, data, 'input') };
}

const NO_DATA: Validation = { ok: true, value: undefined };

function validate(schema: StandardSchema, data: unknown, what: string): Validation {
  const result = schema['~standard'].validate(data);
  if (result instanceof Promise) throw new Error(`the schema of the ${what} is async; a room cannot wait for it`);
  return result.issues ? { ok: false, message: describeIssues(result.issues) } : { ok: true, value: result.value };
}

function refuseAsync(method: unknown, name: string): void {
  if (types.isAsyncFunction(method) || types.isGeneratorFunction(method)) {
    throw new Error(`has an async ${name}(); a room cannot wait: put the work in an @EffectHandler and request it with room.effect(…)`);
  }
}

function refuseTwice(methods: readonly HandledMethod[]): void {
  const known = new Map<string, string>();
  for (const { method, handle } of methods) {
    const subject = describeHandle(handle);
    const first = known.get(subject);
    if (first) throw new Error(`has two handlers for ${subject}: ${first}() and ${method}()`);
    known.set(subject, method);
  }
}

export type { Seat } from '#libs/protocol';
export type {
  BotCommand,
  BotInput,
  BotMove,
  BotRoom,
  Durability,
  EffectReply,
  EffectResult,
  GameDefinition,
  GameResult,
  GameRoom,
  GameStart,
  GameTypes,
  Presence,
  RoomContext,
  RoomRules,
  SeatEvent,
  SeatInfo,
  Setup,
} from '#libs/room';
export * from './effect.js';
export { EffectHandlers } from './effect-handlers.js';
export {
  CHECKPOINT_MS_DEFAULT,
  Game,
  type GameOptions,
  SEAT_GRACE_MS_DEFAULT,
  STEP_HZ_MAX,
} from './game.decorator.js';
export { type Explored, GameExplorer } from './game-explorer.js';
export * from './game-kit.module.js';
export * from './game-registry.js';
export type { CommandCallsOf, GameRules, GameStateOf, TypesOf } from './game-rules.js';
export * from './game-test.js';
export * from './handler.decorators.js';
export { INPUT_QUEUE_MAX, Input, type InputOptions } from './input.decorator.js';
export { InterestGrid, type InterestPoint, type InterestRadius } from './interest.js';
export type { StandardSchema } from './standard-schema.js';
export { SyncTraffic } from './sync-traffic.js';

export type {
  ChatEntry,
  GameEvent,
  GameInfo,
  GameResult,
  MatchMessage,
  RoomMember,
  RoomStatus,
  RoomSummary,
  RoomView,
  Seat,
} from '#libs/protocol';
export { HoldfastError } from '#libs/protocol';
export type { CompactForm, CompactFrame } from './compact-form.js';
export { type ConnectOptions, connect, type SessionStorage } from './connect.js';
export type { GameVersions } from './game-versions.js';
export type { ReconnectOptions } from './reconnect.js';
export type { Room, RoomEvents, RoomPhase, RoomSync, WaitOptions } from './room.js';
export type { CommandData, CommandName, CommandsOf, StateOf } from './rules.js';
export type {
  CreateRoom,
  Credentials,
  GiveUpOptions,
  QuickMatchOptions,
  RoomAddress,
  Session,
  SessionEvents,
  SessionStatus,
} from './session.js';
export type { Encoding, WebSocketConstructor } from './wire/web-socket-wire.js';

/** Exports everything that an extension of an application may import: the ports, their types, and the providers to inject. */

export { ChatModerator, type ChatVerdict, type ReviewedMessage } from '#libs/chat';
export {
  ClientTransport,
  type ConnectionEvents,
  GOODBYE_MS,
  type PlayerConnection,
  TcpConnection,
} from '#libs/edge';
export { Extension } from '#libs/extension';
export { EventSink, type OperatorEvent, type OperatorEventKind, Self } from '#libs/fleet';
export { type EvictionReason, ServerEndListener } from '#libs/health';
export {
  type MatchExplanation,
  type MatchPlayer,
  type MatchQueueView,
  MatchStrategy,
  type OpenRoom,
  type ProposedMatch,
  type Rating,
  type RatingChange,
  RatingStore,
  type RecentMatch,
  type Ticket,
} from '#libs/matchmaking';
export { PlacementStrategy, type RoomWish, type ServerFacts } from '#libs/placement';
export { FrameSplitter, HoldfastError, type RoomId, type UserId } from '#libs/protocol';
export { RedisConnections } from '#libs/redis';
export { Authenticator, type Identity, type LoginProof, UserDirectory } from '#libs/session';
export { Log } from '#libs/telemetry';

/**
 * The entry point of the client library for real-time games: prediction, interpolation and the server's clock. Pages of turn-based games do
 * not need to load it.
 */

export { type Blend, type BlendRule, lerp, lerpTurn } from './realtime/blend.js';
export { type Interpolation, type InterpolationOptions, interpolate } from './realtime/interpolate.js';
export { type Prediction, type PredictionOptions, type PredictionStats, predict } from './realtime/predict.js';
export type { FeedSync, RoomFeed } from './realtime/room-feed.js';
export { ServerClock } from './realtime/server-clock.js';

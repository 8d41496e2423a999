import type { GatewaySession } from '../session/gateway-session.js';

/**
 * Port: is called for each request of a player that a lobby has carried out, after the gateway has sent the answer. Mark an implementation
 * with `@Extension(AnswerListener)`. There may be several. `answered` must return at once and must not throw.
 */
export abstract class AnswerListener {
  abstract answered(session: GatewaySession, operation: string, data: unknown): void;
}

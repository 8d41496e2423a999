import type { GatewaySession } from '../session/gateway-session.js';

/**
 * Port: the gateway calls each implementation after it has sent the answer to a successful request of a player. Mark each implementation
 * with `@Extension(AnswerListener)`. Several implementations are allowed. `answered` must return at once and must not throw.
 */
export abstract class AnswerListener {
  /**
   * @param data the data of the request
   * @param result the data of the answer
   */
  abstract answered(session: GatewaySession, operation: string, data: unknown, result: unknown): void;
}

import type { ConnectedPlayerQuery, Control, FoundPlayers, SessionId } from '#libs/protocol';

/**
 * Port: the sessions at this gateway. `GatewayPlayers` asks other gateways over their links. At most one provider may implement this port.
 */
export abstract class LocalPlayers {
  abstract find(search: ConnectedPlayerQuery): FoundPlayers;
  /** Ends a session that is revoked in the store. Returns false when this gateway does not have the session. */
  abstract disconnect(session: SessionId, code: Control['player.disconnect']['data']['code']): boolean;
}

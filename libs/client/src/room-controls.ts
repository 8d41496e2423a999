import type { Operations, UserId } from '#libs/protocol';
import type { Session } from './session.js';

/** The operations of the host of a room. When the promise of an operation resolves, `room.view` already shows the change. */
export interface RoomControls {
  /** Changes the room. An absent field does not change. `password: null` removes the password. */
  update(change: Operations['rooms.update']['data']): Promise<void>;
  /** Makes another member the host. */
  handOver(user: string): Promise<void>;
  /** Removes a member. `ban`: the user may not join or watch the room again. */
  kick(user: string, options?: { readonly ban?: boolean }): Promise<void>;
  /** Lets a banned user join again. */
  unban(user: string): Promise<void>;
  /** Moves this player to a team, counted from 0. The host may also move another member. */
  joinTeam(team: number, user?: string): Promise<void>;
  /** Distributes the members evenly over the teams. */
  balanceTeams(): Promise<void>;
}

/** The part of a session that the controls use. */
export type HostedSession = Pick<Session, 'request'>;

/**
 * Returns the controls of the player's current room. For a player who is not the host, all calls reject with `not-owner`, except a change
 * of this player's own team.
 *
 * @example
 * const controls = roomControls(session);
 * await controls.kick(member.user, { ban: true });
 */
export function roomControls(session: HostedSession): RoomControls {
  const ask = async <Name extends 'rooms.update' | 'rooms.host' | 'rooms.kick' | 'rooms.unban' | 'rooms.team' | 'rooms.balance'>(
    operation: Name,
    data: Operations[Name]['data'],
  ): Promise<void> => {
    await session.request(operation, data);
  };
  return {
    update: (change) => ask('rooms.update', change),
    handOver: (user) => ask('rooms.host', { user: user as UserId }),
    kick: (user, { ban } = {}) => ask('rooms.kick', { user: user as UserId, ...(ban !== undefined && { ban }) }),
    unban: (user) => ask('rooms.unban', { user: user as UserId }),
    joinTeam: (team, user) => ask('rooms.team', { team, ...(user !== undefined && { user: user as UserId }) }),
    balanceTeams: () => ask('rooms.balance', undefined),
  };
}

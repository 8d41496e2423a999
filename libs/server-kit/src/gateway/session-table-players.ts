import { Injectable } from '@nestjs/common';
import { LocalPlayers } from '#libs/admin';
import { type GatewaySession, SessionLifecycle, SessionTable } from '#libs/edge';
import { Extension } from '#libs/extension';
import type { ConnectedPlayer, ConnectedPlayerQuery, Control, FoundPlayers, SessionId } from '#libs/protocol';

/** Finds the players of this gateway for requests of operators, and disconnects players. */
@Injectable()
@Extension(LocalPlayers)
export class SessionTablePlayers extends LocalPlayers {
  constructor(
    private readonly table: SessionTable,
    private readonly lifecycle: SessionLifecycle,
  ) {
    super();
  }

  /** Reads all sessions once. Reading twenty thousand sessions takes a few milliseconds. */
  override find({ text, user, after, limit }: ConnectedPlayerQuery): FoundPlayers {
    const part = text?.toLowerCase();
    const first: GatewaySession[] = [];
    let matched = 0;
    for (const session of this.table.all()) {
      if ((user !== undefined && session.user !== user) || (part !== undefined && !matches(session, part))) continue;
      matched += 1;
      if (after === undefined || session.user > after) insert(first, session, limit);
    }
    const now = performance.now();
    return { total: this.table.size, matched, players: first.map((session) => viewOf(session, now)) };
  }

  override disconnect(session: SessionId, code: Control['player.disconnect']['data']['code']): boolean {
    return this.lifecycle.expel(session, code);
  }
}

function matches({ user, name, connection }: GatewaySession, text: string): boolean {
  return user.toLowerCase().includes(text) || name.toLowerCase().includes(text) || (connection?.address.startsWith(text) ?? false);
}

/** Inserts a session into a list that is sorted by user. If the list then has more than `max` sessions, removes the last one. */
function insert(list: GatewaySession[], session: GatewaySession, max: number): void {
  if (list.length === max && session.user >= list[max - 1]!.user) return;
  let low = 0;
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (list[middle]!.user < session.user) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, session);
  if (list.length > max) list.pop();
}

function viewOf({ user, name, id, binding, search, heldSince, connection }: GatewaySession, now: number): ConnectedPlayer {
  return {
    user,
    name,
    session: id,
    room: binding?.room ?? null,
    watching: binding?.watching ?? false,
    searching: search !== null,
    heldMs: Math.round(now - heldSince),
    connection: connection && { transport: connection.transport, address: connection.address, backlogBytes: connection.backlogBytes },
  };
}

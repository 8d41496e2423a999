import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import type { LinkPeer } from '#libs/link';
import { type Asked, type ControlPattern, HoldfastError, type PlayerAnswer, type PlayerRequest, type RoomView } from '#libs/protocol';
import { StoreGeneration, UserRooms } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { RECORD_WAIT_MS, RESTORE_RETRY_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { repeatRequest } from './repeated-request.js';
import { RoomFollower } from './room-follower.js';

/** Asking these twice is asking once, so a lost lobby is not the player's business. */
const REPEATABLE: ReadonlySet<string> = new Set(['games.list', 'rooms.list', 'me']);
/** Who loses the answer to these searches on, or does not; the client asks which. The others are void when given up. */
const OUTLIVES_ITS_ANSWER: ReadonlySet<string> = new Set([...REPEATABLE, 'match.find']);
/** These say nothing about the outcome of a request that is repeated, so it is repeated once more. */
const UNDECIDED: ReadonlySet<string> = new Set(['unavailable', 'busy', 'server-lost']);

/** Which lobby a session talks to: any, then the same one, then, when that is gone, another. */
@Injectable()
export class LobbyRouter {
  constructor(
    private readonly links: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly userRooms: UserRooms,
    private readonly generation: StoreGeneration,
    private readonly settlement: StoreSettlement,
    private readonly follower: RoomFollower,
  ) {
    // One that hangs closes nothing by itself: whoever waits for its answer waits for nothing.
    directory.onChange(({ kind, server }) => {
      const peer = kind === 'evicted' && server.type === 'lobby' ? links.get(server.id) : undefined;
      if (peer && peer.incarnation <= server.incarnation) peer.close('evicted');
    });
  }

  /**
   * An answer counts only in the run of the store in which the request was sent. This gateway may have restored its users into a later run
   * without the result of the request, so it sends the request again, once that run is settled. Resolves only when this gateway holds the
   * room's record as the answer has it: whatever the player was told can be restored then.
   *
   * Rejects with the lobby's refusal; `server-lost` when the lobby died with the request; `unavailable` when there is none.
   */
  async ask(session: GatewaySession, operation: string, data: unknown, timeoutMs: number): Promise<PlayerAnswer> {
    const { user, name, id, binding } = session;
    const room = binding ? { id: binding.room, watching: binding.watching } : undefined;
    const asked = session.nextAsked();
    const request: PlayerRequest = { caller: { user, name, session: id, gateway: this.gateway, asked, ...(room && { room }) }, data };
    session.underWay = [...session.underWay, asked.number];
    try {
      const answer = await this.askInOneRun(session, operation, request, timeoutMs);
      noteSearch(session, operation, data, asked, answer);
      return answer;
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : '';
      if ((code === 'server-lost' || code === 'unavailable') && !OUTLIVES_ITS_ANSWER.has(operation)) await this.giveUp(session, asked);
      throw error;
    } finally {
      session.underWay = session.underWay.filter((number) => number !== asked.number);
    }
  }

  private async askInOneRun(session: GatewaySession, operation: string, request: PlayerRequest, timeoutMs: number): Promise<PlayerAnswer> {
    const endsAt = performance.now() + timeoutMs;
    if (REPEATABLE.has(operation)) return this.read(session, operation, request, timeoutMs);
    const send = async (name: string, data: unknown): Promise<PlayerAnswer> => {
      const remainingMs = Math.max(endsAt - performance.now(), 1);
      return (await this.lobbyOf(session).request(name, { ...request, data }, { timeoutMs: remainingMs })) as PlayerAnswer;
    };
    let before: PlayerAnswer | null = null;
    for (let isRepeated = false; ; isRepeated = true) {
      const run = this.storeRun;
      try {
        const answer: PlayerAnswer = await (isRepeated ? repeatRequest(send, operation, request, before) : send(operation, request.data));
        if (this.storeRun === run) await this.whenHeld(answer);
        if (this.storeRun === run) return answer;
        before = answer;
      } catch (error) {
        const isSameRun = this.storeRun === run;
        const mayHelp = !isSameRun || (isRepeated && error instanceof HoldfastError && UNDECIDED.has(error.code));
        if (!mayHelp || performance.now() > endsAt) throw error;
        if (isSameRun) await sleep(RESTORE_RETRY_MS);
      }
      await this.whenSettled(endsAt);
    }
  }

  /** A record that does not come in time holds up no player. */
  private async whenHeld({ binding, data }: PlayerAnswer): Promise<void> {
    const room = (data as { room?: Partial<RoomView> | null } | null | undefined)?.room;
    const id = binding?.room ?? room?.id;
    const rev = binding?.rev ?? room?.rev;
    if (id !== undefined && rev !== undefined) await this.follower.whenHeld(id, rev, RECORD_WAIT_MS);
  }

  /** A read changes nothing, so its answer counts in any run, and another lobby may give it. */
  private async read(session: GatewaySession, operation: string, request: PlayerRequest, timeoutMs: number): Promise<PlayerAnswer> {
    try {
      return (await this.lobbyOf(session).request(operation, request, { timeoutMs })) as PlayerAnswer;
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'server-lost')) throw error;
      return (await this.lobbyOf(session).request(operation, request, { timeoutMs })) as PlayerAnswer;
    }
  }

  /** The last run of the store that this gateway was connected to. It does not change while the store is away. */
  private get storeRun(): string | null {
    this.lastRun = this.generation.current ?? this.lastRun;
    return this.lastRun;
  }

  /** Throws `unavailable` when the store is not settled by then. */
  private async whenSettled(endsAt: number): Promise<void> {
    for (;;) {
      try {
        return await this.settlement.whenSettled(Math.max(endsAt - performance.now(), 1));
      } catch (error) {
        // The store may only be away for a moment.
        if (performance.now() > endsAt) throw error;
        await sleep(RESTORE_RETRY_MS);
      }
    }
  }

  /** Before the player hears that it failed: a lobby that hangs, and comes to it when it wakes, is to do nothing. */
  private async giveUp(session: GatewaySession, { turn, number }: Asked): Promise<void> {
    session.requests = Math.max(session.requests, number + 1);
    // With no store to say so to, the player's next move says it.
    await this.userRooms.overtake(session.user, { turn, number: number + 1 }).catch(() => {});
  }

  /** As `ask`, but as the gateway itself: about a session, and ordered behind what the session has asked its lobby for. */
  async askFor(session: GatewaySession, pattern: ControlPattern, data: unknown, timeoutMs: number): Promise<unknown> {
    return this.lobbyOf(session).request(pattern, data, { timeoutMs });
  }

  /** To any lobby, at most once. */
  tell(session: GatewaySession, pattern: string, data: unknown): void {
    try {
      this.lobbyOf(session).emit(pattern, data);
    } catch {
      // No lobby: what was to be told is found by a sweep.
    }
  }

  /** As a server, not for a session. Rejects with `unavailable` when there is no lobby, `server-lost` when it died with the request. */
  async request(pattern: ControlPattern, data: unknown): Promise<unknown> {
    this.nextLobby += 1;
    return this.lobby(this.nextLobby).request(pattern, data);
  }

  private nextLobby = 0;
  private lastRun: string | null = null;

  /** Set once, at start. */
  gateway = '';

  private lobbyOf(session: GatewaySession): LinkPeer {
    if (session.lobby?.isOpen && !session.lobby.isSilent && this.directory.get(session.lobby.id)?.state === 'ready') return session.lobby;
    session.lobby = this.lobby(session.handle);
    return session.lobby;
  }

  private lobby(turn: number): LinkPeer {
    const open = this.directory
      .byType('lobby')
      .filter(({ state, suspect }) => state === 'ready' && suspect === 0)
      .map(({ id }) => this.links.get(id))
      .filter((peer) => peer?.isOpen) as LinkPeer[];
    const speaking = open.filter((peer) => !peer.isSilent);
    if (speaking.length > 0) return speaking[turn % speaking.length];
    if (open.length === 0) throw new HoldfastError('unavailable', 'No lobby answers right now.', { retryAfterMs: 500 });
    return open[turn % open.length];
  }
}

/** Who looks for a match is known to lobbies through the store alone, which may lose it. */
function noteSearch(
  session: GatewaySession,
  operation: string,
  data: unknown,
  asked: Asked,
  { binding, data: answer }: PlayerAnswer,
): void {
  if (binding || operation === 'match.cancel') session.search = null;
  else if (operation === 'match.find' && isWaiting(answer)) session.search = { data, asked };
}

function isWaiting(answer: unknown): boolean {
  return (answer as { waiting?: unknown } | null)?.waiting === true;
}

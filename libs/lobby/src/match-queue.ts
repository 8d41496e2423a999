import { Injectable } from '@nestjs/common';
import type { RequestOrder, RoomId, ServerId, SessionId, UserId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';

const findScript = new LuaScript('match_find', new URL('./scripts/match-find.lua', import.meta.url), 3);

/** Who waits for a match, and where to tell them. */
export interface Searcher {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly gateway: ServerId;
  /** Where the game is to run, if it can. */
  readonly region?: string;
  readonly asked?: RequestOrder;
}

export interface MadeMatch {
  readonly id: RoomId;
  readonly game: string;
  readonly people: readonly Searcher[];
}

const cancelScript = new LuaScript('match_cancel', new URL('./scripts/match-cancel.lua', import.meta.url), 2);

/** Games that somebody looks for come up seldom, and every room that is made or joined would ask for them. */
const GAMES_STALE_MS = 1_000;

const GAMES_KEY = 'hf:match-games';
const queueKey = (game: string): string => `hf:match:{${game}}`;
const peopleKey = (game: string): string => `hf:match:{${game}}:people`;
const madeKey = (game: string): string => `hf:match:{${game}}:made`;

/**
 * People who look for others to play with, by game, first come first served. Taking a whole match out of the queue is
 * one script, so nobody is matched twice and nobody waits while enough others do.
 */
@Injectable()
export class MatchQueue {
  private readonly known = new Set<string>();
  private games: readonly string[] = [];
  private gamesReadAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: RedisConnections,
    generation: StoreGeneration,
  ) {
    // A store that was restarted may have lost which games there are.
    generation.onConnected(() => this.known.clear());
  }

  /** The match that this search completes, under the id it was given; null: the searcher waits. */
  async find(game: string, searcher: Searcher, seats: number, id: RoomId, waitMs: number): Promise<MadeMatch | null> {
    if (!this.known.has(game)) {
      await this.redis.commands.sadd(GAMES_KEY, game);
      this.known.add(game);
    }
    const keys = [queueKey(game), peopleKey(game), madeKey(game)];
    const people = (await findScript.run(this.redis.commands, keys, [
      searcher.user,
      JSON.stringify(searcher),
      seats,
      id,
      waitMs,
    ])) as string[];
    return people.length === 0 ? null : { id, game, people: people.map((person) => JSON.parse(person) as Searcher) };
  }

  /** With `asked`, only a search that is older than that. False: the user did not wait (any more). */
  async cancel(game: string, user: UserId, asked?: RequestOrder): Promise<boolean> {
    const keys = [queueKey(game), peopleKey(game)];
    return (await cancelScript.run(this.redis.commands, keys, [user, asked?.turn ?? '', asked?.number ?? ''])) === 1;
  }

  /** The game the user waits for, if any. */
  async gameOf(user: UserId): Promise<string | null> {
    return this.amongOf(await this.readGames(), user);
  }

  /**
   * As `gameOf`, for one who goes elsewhere. A game that nobody had looked for until a moment ago, through another lobby, may be
   * missed: who is matched there is found to have gone on.
   */
  async probableGameOf(user: UserId): Promise<string | null> {
    if (performance.now() - this.gamesReadAt > GAMES_STALE_MS) await this.readGames();
    return this.amongOf(this.games, user);
  }

  private async readGames(): Promise<readonly string[]> {
    this.games = await this.redis.commands.smembers(GAMES_KEY);
    this.gamesReadAt = performance.now();
    return this.games;
  }

  private async amongOf(games: readonly string[], user: UserId): Promise<string | null> {
    const scores = await Promise.all(games.map((game) => this.redis.commands.zscore(queueKey(game), user)));
    return games.find((_, index) => scores[index] !== null) ?? null;
  }

  /** Its room is yet to be made. */
  async isOpen({ id, game }: Pick<MadeMatch, 'id' | 'game'>): Promise<boolean> {
    return (await this.redis.commands.hexists(madeKey(game), id)) === 1;
  }

  /** The room of the match stands; it needs no remembering. */
  async done({ id, game }: Pick<MadeMatch, 'id' | 'game'>): Promise<void> {
    await this.redis.commands.hdel(madeKey(game), id);
  }

  /** Matches that were made `ageMs` ago and whose rooms nobody has made: their lobby died. */
  async abandoned(ageMs: number): Promise<MadeMatch[]> {
    const games = await this.redis.commands.smembers(GAMES_KEY);
    const [seconds] = await this.redis.commands.time();
    const before = Number(seconds) * 1_000 - ageMs;
    const made = await Promise.all(games.map((game) => this.redis.commands.hgetall(madeKey(game))));
    return games.flatMap((game, index) =>
      Object.entries(made[index]).flatMap(([id, text]) => {
        const space = text.indexOf(' ');
        if (Number(text.slice(0, space)) > before) return [];
        return [{ id, game, people: JSON.parse(text.slice(space + 1)) as Searcher[] }];
      }),
    );
  }
}

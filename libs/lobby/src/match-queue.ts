import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Claims, RequestOrder, RoomId, ServerId, SessionId, UserId } from '#libs/protocol';
import { LuaScript, RedisConnections, redisName } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';

const findScript = new LuaScript('match_find', new URL('./scripts/match-find.lua', import.meta.url), 3);

/** A user who waits for a match, and the gateway that gets the notice. */
export interface Searcher {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly gateway: ServerId;
  /** The preferred region of the game. */
  readonly region?: string;
  readonly asked?: RequestOrder;
  readonly claims?: Claims;
}

export interface MadeMatch {
  readonly id: RoomId;
  readonly game: string;
  readonly people: readonly Searcher[];
}

const cancelScript = new LuaScript('match_cancel', new URL('./scripts/match-cancel.lua', import.meta.url), 2);

/** Age in ms at which the list of games with searches is read again. Each request to enter a room needs the list, and it changes rarely. */
const GAMES_STALE_MS = 1_000;

const gamesKey = (): string => redisName('match-games');
const queueKey = (game: string): string => redisName(`match:{${game}}`);
const peopleKey = (game: string): string => redisName(`match:{${game}}:people`);
const madeKey = (game: string): string => redisName(`match:{${game}}:made`);

/**
 * The searches of each game, in the order of their arrival. One script takes a whole match out of the queue. So no user is matched twice, and
 * no user waits while enough others wait.
 */
@Injectable()
export class MatchQueue implements OnModuleInit {
  private readonly known = new Set<string>();
  private games: readonly string[] = [];
  private gamesReadAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: RedisConnections,
    private readonly generation: StoreGeneration,
  ) {}

  onModuleInit(): void {
    // Redis may have restarted and lost the list of games.
    this.generation.onConnected(() => this.known.clear());
  }

  /** Adds a search to the queue. Returns the match that it completes, with the given id. Null: the user waits. */
  async find(game: string, searcher: Searcher, seats: number, id: RoomId, waitMs: number): Promise<MadeMatch | null> {
    if (!this.known.has(game)) {
      await this.redis.commands.sadd(gamesKey(), game);
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

  /** Cancels the search of a user; with `order`, only if the search is not newer than it. Returns false when no search was cancelled. */
  async cancel(game: string, user: UserId, order?: RequestOrder): Promise<boolean> {
    const keys = [queueKey(game), peopleKey(game)];
    return (await cancelScript.run(this.redis.commands, keys, [user, order?.turn ?? '', order?.number ?? ''])) === 1;
  }

  /** Returns the game for which the user waits. Null: the user is not searching. */
  async gameOf(user: UserId): Promise<string | null> {
    return this.amongOf(await this.readGames(), user);
  }

  /**
   * Does the same as `gameOf` with a list of games that may be `GAMES_STALE_MS` old, so it may miss the first search of a game. That does
   * no harm: the matchmaker dissolves a match with such a search, because its user has moved since.
   */
  async probableGameOf(user: UserId): Promise<string | null> {
    if (performance.now() - this.gamesReadAt > GAMES_STALE_MS) await this.readGames();
    return this.amongOf(this.games, user);
  }

  private async readGames(): Promise<readonly string[]> {
    this.games = await this.redis.commands.smembers(gamesKey());
    this.gamesReadAt = performance.now();
    return this.games;
  }

  private async amongOf(games: readonly string[], user: UserId): Promise<string | null> {
    const scores = await Promise.all(games.map((game) => this.redis.commands.zscore(queueKey(game), user)));
    return games.find((_, index) => scores[index] !== null) ?? null;
  }

  /** Returns whether the match is still stored. If it is, its room is not made yet. */
  async isOpen({ id, game }: Pick<MadeMatch, 'id' | 'game'>): Promise<boolean> {
    return (await this.redis.commands.hexists(madeKey(game), id)) === 1;
  }

  /** Deletes a match, because its room exists or the match was dissolved. */
  async done({ id, game }: Pick<MadeMatch, 'id' | 'game'>): Promise<void> {
    await this.redis.commands.hdel(madeKey(game), id);
  }

  /** Returns the matches whose rooms are not made yet. A lobby is making these rooms now, or it died before. */
  async open(): Promise<MadeMatch[]> {
    const games = await this.redis.commands.smembers(gamesKey());
    const made = await Promise.all(games.map((game) => this.redis.commands.hgetall(madeKey(game))));
    return games.flatMap((game, index) =>
      Object.entries(made[index]!).map(([id, text]) => ({
        id: id as RoomId,
        game,
        people: JSON.parse(text.slice(text.indexOf(' ') + 1)) as Searcher[],
      })),
    );
  }
}

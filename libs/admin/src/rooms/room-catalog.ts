import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { inBatches, SingleFlight } from '#libs/async';
import type { RoomId, RoomStatus } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type IndexEntry, type RoomDoc, RoomOverviews, type RoomOwnership, type RoomRecord, RoomRecords } from '#libs/room-store';

/** The parts of a room by which operators search, filter and sort. */
export interface CatalogRoom {
  readonly id: RoomId;
  readonly rev: number;
  readonly game: string;
  readonly name: string;
  readonly status: RoomStatus;
  readonly owner: RoomOwnership | null;
  readonly version: number;
  readonly players: number;
  readonly createdAt: number;
  readonly since: number;
  /** The id and name of the room, and the ids and names of its members, in lower case, for searches. */
  readonly text: string;
}

/** All rooms as they were at one time. */
export interface Catalog {
  readonly rooms: readonly CatalogRoom[];
  /** Store time in ms since 1970 at which the read began. */
  readonly asOf: number;
  /** False: the fleet has more rooms than `CATALOG_ROOMS_MAX`, and the catalog lacks the oldest rooms. */
  readonly isComplete: boolean;
}

/** Maximum number of rooms in the catalog. Each needs some 300 bytes of memory, so the catalog needs at most about 15 MB. */
export const CATALOG_ROOMS_MAX = 50_000;
/**
 * Maximum number of rooms that a gateway reads in a second for the catalog, however many operators search. 2,000 reads cost Redis about 10
 * ms. So the catalog of a fleet with 10,000 rooms is at most about 5 s old.
 */
export const CATALOG_READS_PER_SECOND = 2_000;
/** Up to this number of rooms, each request reads all rooms again, because so few reads cost little. */
const SMALL_CATALOG_ROOMS = 500;
/** Number of rooms in one batch of reads: few enough not to delay the frames of players by more than some milliseconds. */
const BATCH = 100;
/** Age in ms up to which a large catalog is shown while the next one is read. */
const SHOWN_MS = 30_000;
/** Time in ms after the last request of an operator for rooms at which the gateway deletes the catalog. */
const UNUSED_MS = 60_000;
/**
 * Maximum length of the searchable text of a room, in characters. So a search finds a room with a thousand members only by the first of
 * them.
 */
const TEXT_MAX = 2_000;

const EMPTY: Catalog = { rooms: [], asOf: 0, isComplete: true };

/**
 * Keeps the rooms in memory while operators search them. All requests share one read. A read gets a few fields of each room. It gets the
 * names and members (`doc`) only of rooms whose revision has changed.
 */
@Injectable()
export class RoomCatalog {
  private catalog = EMPTY;
  private known: ReadonlyMap<RoomId, CatalogRoom> = new Map();
  private readAt = Number.NEGATIVE_INFINITY;
  private usedAt = 0;
  private readonly reads = new SingleFlight(() => this.readAll());

  constructor(
    private readonly records: RoomRecords,
    private readonly overviews: RoomOverviews,
    private readonly clock: StoreClock,
  ) {}

  /**
   * Returns the rooms. Reads them again when their age exceeds a limit, which grows with the number of rooms. Returns a large catalog at
   * once during this read, unless the catalog is older than `SHOWN_MS`. Rejects when Redis does not answer.
   */
  async read(): Promise<Catalog> {
    this.usedAt = performance.now();
    const { length } = this.catalog.rooms;
    const maxAgeMs = length <= SMALL_CATALOG_ROOMS ? 0 : (1_000 * length) / CATALOG_READS_PER_SECOND;
    const ageMs = this.usedAt - this.readAt;
    if (ageMs < maxAgeMs) return this.catalog;
    const next = this.reads.join();
    if (length <= SMALL_CATALOG_ROOMS || ageMs > SHOWN_MS) return next;
    // If the read fails, the caller gets the older catalog, and `asOf` shows its age. Once the catalog is too old, the caller gets the
    // error.
    next.catch(() => {});
    return this.catalog;
  }

  @Interval(UNUSED_MS)
  dropUnused(): void {
    if (performance.now() - this.usedAt < UNUSED_MS) return;
    this.catalog = EMPTY;
    this.known = new Map();
    this.readAt = Number.NEGATIVE_INFINITY;
  }

  private async readAll(): Promise<Catalog> {
    const readAt = performance.now();
    const asOf = Math.round(this.clock.storeTime());
    const known = new Map<RoomId, CatalogRoom>();
    let last: IndexEntry | null = null;
    let isComplete = true;
    for (;;) {
      const entries: IndexEntry[] = await this.records.page(last, INDEX_READ);
      for await (const batch of inBatches(entries, { size: BATCH })) {
        for (const room of await this.readSome(batch)) known.set(room.id, room);
      }
      last = entries.at(-1) ?? null;
      if (entries.length < INDEX_READ || last === null) break;
      if (known.size >= CATALOG_ROOMS_MAX) {
        isComplete = false;
        break;
      }
    }
    this.readAt = readAt;
    this.known = known;
    this.catalog = { rooms: [...known.values()], asOf, isComplete };
    return this.catalog;
  }

  private async readSome(entries: readonly IndexEntry[]): Promise<CatalogRoom[]> {
    const overviews = await this.overviews.read(entries.map(({ room }) => room));
    const changed = entries.filter(({ room }, index) => {
      const overview = overviews[index];
      return overview && this.known.get(room)?.rev !== overview.rev;
    });
    const docs = await this.overviews.readDocs(changed.map(({ room }) => room));
    const read = new Map(changed.map(({ room }, index) => [room, docs[index]]));
    return entries.flatMap(({ room, createdAt }, index) => {
      const overview = overviews[index];
      if (!overview) return [];
      const doc = read.get(room);
      const about = doc ? aboutOf(room, doc) : this.known.get(room);
      return about ? { ...about, ...overview, id: room, createdAt } : [];
    });
  }
}

/** Returns the entry of a room whose whole record was read. */
export function catalogRoomOf({ id, rev, game, status, owner, version, since, doc }: RoomRecord): CatalogRoom {
  return { ...aboutOf(id, { game, doc }), id, rev, status, owner, version, since, createdAt: doc.createdAt };
}

/** Number of rooms in one read of the index of all rooms. */
const INDEX_READ = 2_000;

function aboutOf(
  id: RoomId,
  { game, doc }: { readonly game: string; readonly doc: RoomDoc },
): Pick<CatalogRoom, 'game' | 'name' | 'players' | 'text'> {
  const names = doc.members.flatMap(({ user, name }) => [user, name]);
  const text = [id, doc.name, ...names].join('\n').slice(0, TEXT_MAX).toLowerCase();
  return { game, name: doc.name, players: doc.members.length, text };
}

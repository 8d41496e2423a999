import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import { Metrics } from '#libs/telemetry';
import { ADMIN_OPTIONS, type AdminOptions, CAPACITY_SAMPLE_MS } from './admin.options.js';
import { type GameServerLoad, StabilizationWindow, wantedServers } from './wanted-servers.js';

export interface Capacity {
  /** Number of rooms for which the open game servers have capacity. Canaries do not count. */
  readonly slots: number;
  /** Number of rooms on all game servers. */
  readonly rooms: number;
  readonly players: number;
  /** Number of additional rooms that the fleet can take now. */
  readonly freeSlots: number;
  /** Percentage of the slots of open servers that have a room. Null: there are no slots. */
  readonly takenPercent: number | null;
  readonly gameServers: { readonly open: number; readonly cordoned: number; readonly leaving: number };
  readonly wantedGameServers: number;
}

/** Computes the capacity of the fleet and the number of game servers that it needs. Reads only the directory in memory, never Redis. */
@Injectable()
export class FleetCapacity implements OnApplicationBootstrap {
  private readonly window: StabilizationWindow;

  constructor(
    @Inject(ADMIN_OPTIONS) private readonly options: AdminOptions,
    private readonly directory: ServerDirectory,
    private readonly metrics: Metrics,
  ) {
    this.window = new StabilizationWindow(options.scale.windowMs);
  }

  onApplicationBootstrap(): void {
    this.sample();
  }

  @Interval(CAPACITY_SAMPLE_MS)
  sample(): void {
    const { freeSlots, wantedGameServers } = this.now();
    this.metrics.freeSlots.set(freeSlots);
    this.metrics.wantedGameServers.set(wantedGameServers);
  }

  now(): Capacity {
    const servers = this.directory.byType('game').filter(({ state }) => state !== 'dead');
    // Excludes canaries, because they take only rooms that ask for their build.
    const loads = servers.filter(({ canary }) => !canary).map(loadOf);
    const count = (status: GameServerLoad['status']): number => loads.filter((load) => load.status === status).length;
    const open = loads.filter(({ status }) => status === 'open');
    const slots = open.reduce((total, { capacity }) => total + capacity, 0);
    const free = open.reduce((total, { capacity, rooms }) => total + Math.max(0, capacity - rooms), 0);
    const present = count('open') + count('cordoned');
    return {
      slots,
      rooms: servers.reduce((total, { rooms }) => total + rooms, 0),
      players: servers.reduce((total, { players }) => total + players, 0),
      freeSlots: free,
      takenPercent: slots === 0 ? null : Math.round((1_000 * (slots - free)) / slots) / 10,
      gameServers: { open: count('open'), cordoned: count('cordoned'), leaving: count('leaving') },
      wantedGameServers: this.window.add(wantedServers(loads, this.options.scale), present, performance.now()),
    };
  }
}

function loadOf({ rooms, capacity, state, cordoned }: ServerRecord): GameServerLoad {
  return { rooms, capacity, status: state === 'draining' ? 'leaving' : cordoned ? 'cordoned' : 'open' };
}

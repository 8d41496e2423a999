import type { FleetAnswer, IncidentsAnswer, ServerView } from '#libs/admin';
import { FleetError, type FleetEventLine } from './admin-client.js';
import type { Invocation } from './commands.js';
import { eventText, fleetTable, incidentsTable, shortId } from './tables.js';

/** The interval at which this command reads the data of the table, in ms. */
const REDRAW_MS = 2_000;
/** The time from an event until this command reads the data of the table again, in ms. */
const SOON_MS = 150;
const RETRY_MS = 1_000;
const LINES_KEPT = 200;
/** All groups of kinds of events except `room`. */
const NOT_ROOMS = 'server,store,eviction,players,health,recovery';
/** The codes of refusals for which a retry is useless. */
const NEVER_BETTER: ReadonlySet<string> = new Set(['unauthorized', 'bad-data']);
/** Maximum number of incidents that the screen shows. */
const INCIDENTS_SHOWN = 3;

/**
 * Shows a table with the last events below it, and updates both until Ctrl-C. In a pipe or with --json it prints only the events, one per
 * line.
 */
export async function watch(invocation: Invocation): Promise<void> {
  const { client, options, json, print } = invocation;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  // When the first request fails, the command ends. After the failure of a later request, the command tries again, because the fleet can be
  // unreachable for a while.
  await client.get('/api/fleet');
  const screen = process.stdout.isTTY && !json ? new Screen(invocation) : null;
  screen?.start();
  while (!stop.signal.aborted) {
    try {
      const { severity } = options;
      // Without `--kind` and `--room`, the screen shows no events of rooms. There can be thousands of them, and they would push the events
      // of servers off the screen.
      const kind = options.kind?.replace(/\.(?=,|$)/g, '') ?? (screen && options.room === undefined ? NOT_ROOMS : undefined);
      for await (const event of client.events({ recent: screen ? 50 : 0, kind, severity, signal: stop.signal })) {
        if (!isChosen(event, options)) continue;
        if (screen) screen.add(event);
        else print(json ? JSON.stringify(event) : eventText(event));
      }
      screen?.trouble('the gateway closed the event stream');
    } catch (error) {
      if (stop.signal.aborted) break;
      if (error instanceof FleetError && NEVER_BETTER.has(error.code)) throw error;
      screen?.trouble(error instanceof Error ? error.message : String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  screen?.stop();
}

/** Returns whether an event is about the server and the room of the command line. The gateway has already filtered by kind and severity. */
export function isChosen(event: FleetEventLine, { server, room }: Invocation['options']): boolean {
  return (
    (server === undefined || event.server === server || (event.server !== undefined && shortId(event.server) === server)) &&
    (room === undefined || event.room === room)
  );
}

class Screen {
  private lines: string[] = [];
  private table = '';
  private problem = '';
  private readonly seen = new Set<string>();
  private due: NodeJS.Timeout | null = null;
  private isSoon = false;

  constructor(private readonly invocation: Invocation) {}

  start(): void {
    process.stdout.write('\x1b[?1049h\x1b[?25l');
    void this.refresh();
  }

  stop(): void {
    if (this.due) clearTimeout(this.due);
    process.stdout.write('\x1b[?25h\x1b[?1049l');
  }

  add(event: FleetEventLine): void {
    const line = eventText(event);
    // Skips known events, because the gateway repeats its last events after a reconnect.
    if (this.seen.has(line)) return;
    this.seen.add(line);
    this.lines.push(line);
    if (this.lines.length > LINES_KEPT) this.seen.delete(this.lines.shift() as string);
    // Does not move a refresh that is already planned. Otherwise many events per second would delay the refresh again and again.
    if (!this.isSoon) this.refreshIn(SOON_MS);
    this.isSoon = true;
  }

  trouble(problem: string): void {
    this.problem = problem;
    this.draw();
  }

  private refreshIn(ms: number): void {
    if (this.due) clearTimeout(this.due);
    this.due = setTimeout(() => void this.refresh(), ms);
  }

  private async refresh(): Promise<void> {
    this.isSoon = false;
    const { client } = this.invocation;
    try {
      const [{ servers }, fleet, { incidents }] = await Promise.all([
        client.get<{ servers: ServerView[] }>('/api/servers'),
        client.get<FleetAnswer>('/api/fleet'),
        client.get<IncidentsAnswer>('/api/incidents', { limit: String(INCIDENTS_SHOWN) }),
      ]);
      const now = Date.now();
      this.table = fleetTable(servers, fleet, now);
      if (incidents.length > 0) this.table += `\n\n${incidentsTable({ incidents }, now)}`;
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.draw();
    this.refreshIn(REDRAW_MS);
  }

  private draw(): void {
    const { columns = 100, rows = 30 } = process.stdout;
    const head = `${this.table}\n${this.problem && `\x1b[31m${this.problem}\x1b[0m`}\n`.split('\n');
    const room = Math.max(0, rows - head.length - 1);
    const tail = room === 0 ? [] : this.lines.slice(-room).map((line) => line.slice(0, columns));
    process.stdout.write(`\x1b[H\x1b[J${[...head, ...tail].join('\n')}`);
  }
}

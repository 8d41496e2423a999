import { Injectable } from '@nestjs/common';
import { EventJournal, FleetLinks, Self, SelfReport, type ServerRecord } from '#libs/fleet';
import { HealthEvidence } from '#libs/health';
import type { Control } from '#libs/protocol';
import { INSPECT_MS } from '../admin.options.js';
import { incidentsOf } from '../incidents.js';
import { ServerReader } from '../server-reader.js';
import { within } from '../within.js';
import type { ServerDetail } from './server-schemas.js';

/** Reads the details of one server for operators: its record, its health, its incidents and its own report. */
@Injectable()
export class ServerDetailReader {
  constructor(
    private readonly servers: ServerReader,
    private readonly evidence: HealthEvidence,
    private readonly journal: EventJournal,
    private readonly links: FleetLinks,
    private readonly self: Self,
    private readonly report: SelfReport,
  ) {}

  async read(id: string): Promise<ServerDetail> {
    const view = await this.servers.one(id);
    const record = this.servers.record(id);
    const [{ checker, votes, unreachedBy }, events, live] = await Promise.all([
      this.evidence.read(record),
      this.journal.readDay(),
      this.inspect(record),
    ]);
    const incidents = incidentsOf(events).filter(({ server }) => server === record.id);
    return {
      ...view,
      health: { checker, votes: [...votes], unreachedBy: [...unreachedBy] },
      live: live && { ...live, links: live.links.map((link) => ({ ...link })) },
      incidents: incidents.map((incident) => ({ ...incident, reasons: [...incident.reasons] })),
    };
  }

  /** Asks the server to describe itself. Returns null when the server is dead or does not answer within `INSPECT_MS`. */
  private async inspect(record: ServerRecord): Promise<Control['server.inspect']['answer'] | null> {
    if (record.state === 'dead') return null;
    if (record.id === this.self.id) return this.report.read();
    const asked = this.links.to(record).then((peer) => peer.request('server.inspect', {}, { timeoutMs: INSPECT_MS }));
    return within(INSPECT_MS, asked as Promise<Control['server.inspect']['answer']>);
  }
}

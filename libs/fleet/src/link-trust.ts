import { Injectable } from '@nestjs/common';
import { Links } from '#libs/link';
import type { ServerId } from '#libs/protocol';
import { Log, Readiness } from '#libs/telemetry';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';

/** Servers that are asked at once: enough to find the majority, few enough in a fleet of thousands. */
const ASKED_MAX = 9;
/** A start waits no longer than this for those that do not answer, in ms. */
const ASK_MS = 500;
/** A server that holds another secret is looked at again this long after the last look, in ms. */
const AGAIN_MS = 2_000;

interface Finding {
  readonly incarnation: number;
  readonly isProved: boolean;
}

/**
 * Does this server have the fleet's `LINK_SECRET`? Evidence is what this server itself has found at the addresses that
 * other servers registered; what somebody says who dials in is a reason to look, and no more. So neither a stranger at
 * the link port nor a single server with a wrong secret can make a good server doubt itself.
 *
 * A server is outvoted when more of the ready servers it has met hold another secret than hold its own, itself among the
 * latter. An outvoted server is not ready, and a game server is not offered rooms.
 */
@Injectable()
export class LinkTrust {
  private readonly findings = new Map<ServerId, Finding>();
  private readonly looks = new Map<ServerId, number>();
  private readonly listeners: (() => void)[] = [];
  private wasOutvoted = false;
  private comparedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly links: Links,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly log: Log,
    readiness: Readiness,
  ) {
    links.onOpened(({ id, incarnation }) => this.found(id, incarnation, true));
    links.onRefused(({ id }) => {
      const record = directory.get(id);
      if (record) this.found(id, record.incarnation, false);
    });
    links.onUnproved((claimed) => void this.lookAgain(claimed));
    directory.onChange(({ kind, server: { id } }) => {
      if (kind === 'evicted' || kind === 'left') {
        this.findings.delete(id);
        this.looks.delete(id);
      }
      this.review();
    });
    readiness.add('link', () => this.why);
  }

  /** Whether most of the servers hold another secret than this one. */
  get isOutvoted(): boolean {
    const { refused, proved } = this.count();
    return refused.length > proved + 1;
  }

  /** In words for an operator; null: the secret is that of the fleet, as far as is known. */
  get why(): string | null {
    if (!this.isOutvoted) return null;
    const { refused, proved } = this.count();
    const named = refused.slice(0, NAMED_MAX).join(', ');
    return `LINK_SECRET of this server is not that of the fleet: ${refused.length} of the ${refused.length + proved} servers it met have another (${named}); ${ADVICE}`;
  }

  /** Told whenever `isOutvoted` has changed. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Compares secrets with some servers that are ready: before this server becomes ready itself, too. Never rejects. */
  async ask(): Promise<void> {
    const ready = this.directory.all().filter((record) => this.isMet(record));
    // Of each type some: those of one type may all be what was configured anew.
    const byType = (['gateway', 'lobby', 'game'] as const).map((type) => ready.filter((record) => record.type === type));
    const asked = byType.flatMap((those) => those.slice(0, ASKED_MAX / byType.length));
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ASK_MS);
    });
    await Promise.race([isOver, Promise.all(asked.map((record) => this.look(record)))]);
    clearTimeout(timer);
  }

  /** Somebody says to be this server, and holds another secret. Is that so? */
  private async lookAgain(id: ServerId): Promise<void> {
    const record = this.directory.get(id);
    if (!record || !this.isMet(record) || this.links.get(id)?.isOpen) return;
    const now = performance.now();
    if (now - (this.looks.get(id) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.looks.set(id, now);
    await this.look(record);
  }

  /** One server holds another secret. Whose is the fleet's? */
  private async compare(): Promise<void> {
    const now = performance.now();
    if (now - this.comparedAt < AGAIN_MS) return;
    this.comparedAt = now;
    await this.ask();
  }

  private async look({ id, incarnation, linkHost: host, linkPort: port }: ServerRecord): Promise<void> {
    const verification = await this.links.verify({ id, host, port });
    if (verification !== 'unreachable') this.found(id, incarnation, verification === 'proved');
  }

  private found(id: ServerId, incarnation: number, isProved: boolean): void {
    const known = this.findings.get(id);
    // What is known of a later incarnation says more.
    if (known && (known.incarnation > incarnation || (known.incarnation === incarnation && known.isProved === isProved))) return;
    this.findings.set(id, { incarnation, isProved });
    if (!isProved) this.log.warn('link.refused', { target: id, incarnation, reason: 'other-secret', check: ADVICE });
    else if (known && !known.isProved) this.log.info('link.accepted', { target: id, incarnation });
    this.review();
    if (!isProved) void this.compare();
  }

  private review(): void {
    const { isOutvoted } = this;
    if (isOutvoted === this.wasOutvoted) return;
    this.wasOutvoted = isOutvoted;
    if (isOutvoted) this.log.error('link.outvoted', { reason: this.why });
    else this.log.info('link.trusted');
    for (const listener of this.listeners) listener();
  }

  private count(): { readonly refused: readonly ServerId[]; readonly proved: number } {
    const refused: ServerId[] = [];
    let proved = 0;
    for (const [id, { incarnation, isProved }] of this.findings) {
      const record = this.directory.get(id);
      if (!record || record.incarnation !== incarnation || !this.isMet(record)) continue;
      if (isProved) proved += 1;
      else refused.push(id);
    }
    return { refused, proved };
  }

  private isMet({ id, state, linkPort }: ServerRecord): boolean {
    return id !== this.self.id && state === 'ready' && linkPort > 0;
  }
}

const ADVICE = 'set the same LINK_SECRET on all servers and restart those that had another';
const NAMED_MAX = 3;

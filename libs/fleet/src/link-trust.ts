import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Links } from '#libs/link';
import type { ServerId } from '#libs/protocol';
import { Log, Readiness } from '#libs/telemetry';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';

/** Maximum number of servers in one comparison. This sample is large enough to find the majority in a fleet of any size. */
const COMPARED_MAX = 9;
/**
 * Maximum time for which one comparison waits for answers, in ms. A server that starts is not ready before its first comparison has ended.
 */
const COMPARE_TIMEOUT_MS = 500;
/**
 * Minimum time in ms between two comparisons with the same server, and between two calls of `compareWithMore` that compare with further
 * servers.
 */
const COMPARE_AGAIN_MS = 2_000;

interface Finding {
  readonly incarnation: number;
  readonly isProved: boolean;
}

/**
 * Finds out whether this server has the fleet's `LINK_SECRET`. Judges only by its own dials to registered addresses. When a peer dials this
 * server with another secret, this server dials the registered address of the peer and uses the result of this dial. So neither an
 * unauthenticated peer nor a single server with a wrong secret can make this server distrust its secret. This server is outvoted when most
 * of the compared servers, including itself, have another secret. An outvoted server is not ready, and an outvoted game server gets no
 * rooms.
 */
@Injectable()
export class LinkTrust implements OnModuleInit {
  private readonly findings = new Map<ServerId, Finding>();
  private readonly lastComparedAt = new Map<ServerId, number>();
  private readonly listeners: (() => void)[] = [];
  private wasOutvoted = false;
  private comparedWithMoreAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly links: Links,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly log: Log,
    private readonly readiness: Readiness,
  ) {}

  onModuleInit(): void {
    this.links.onOpened(({ id, incarnation }) => this.found(id, incarnation, true));
    this.links.onRefused(({ id }) => {
      const record = this.directory.get(id);
      if (record) this.found(id, record.incarnation, false);
    });
    this.links.onUnproved((claimed) => void this.compareAgainWith(claimed));
    this.directory.onChange(({ kind, server: { id } }) => {
      if (kind === 'evicted' || kind === 'left') {
        this.findings.delete(id);
        this.lastComparedAt.delete(id);
      } else if (this.needsMore) void this.compareAgainWith(id);
      this.review();
    });
    this.readiness.add('link', () => this.problem);
  }

  /** True when the servers with another secret outnumber the servers with the secret of this server. This server itself counts, too. */
  get isOutvoted(): boolean {
    const { refused, proved } = this.count();
    return refused.length > proved + 1;
  }

  /** A sentence that tells an operator which setting is wrong. Null: this server is not outvoted. */
  get problem(): string | null {
    if (!this.isOutvoted) return null;
    const { refused, proved } = this.count();
    const named = refused.slice(0, NAMED_MAX).join(', ');
    const met = refused.length + proved;
    return `LINK_SECRET of this server differs from the fleet: ${refused.length} of the ${met} servers it met have another secret (${named}); ${ADVICE}`;
  }

  /**
   * True when a server has another secret and fewer than `COMPARED_MAX` servers were compared. This server then also compares with servers
   * that become ready later.
   */
  private get needsMore(): boolean {
    if (this.findings.size >= COMPARED_MAX) return false;
    for (const { isProved } of this.findings.values()) if (!isProved) return true;
    return false;
  }

  /** Calls `listener` whenever `isOutvoted` has changed. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Compares secrets with at most `COMPARED_MAX` ready servers. Waits for their answers, but at most `COMPARE_TIMEOUT_MS`. Never rejects.
   */
  async compareSecrets(): Promise<void> {
    const ready = this.directory.all().filter((record) => this.isMet(record));
    // Chooses servers of each type, because all servers of one type can have the same wrong configuration.
    const byType = (['gateway', 'lobby', 'game'] as const).map((type) => ready.filter((record) => record.type === type));
    const selected = byType.flatMap((ofType) => ofType.slice(0, COMPARED_MAX / byType.length));
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, COMPARE_TIMEOUT_MS);
    });
    await Promise.race([isOver, Promise.all(selected.map((record) => this.compareWith(record)))]);
    clearTimeout(timer);
  }

  /** Compares secrets with one server, unless a link to it is open or the last comparison was less than `COMPARE_AGAIN_MS` ago. */
  private async compareAgainWith(id: ServerId): Promise<void> {
    const record = this.directory.get(id);
    if (!record || !this.isMet(record) || this.links.get(id)?.isOpen) return;
    const now = performance.now();
    if (now - (this.lastComparedAt.get(id) ?? Number.NEGATIVE_INFINITY) < COMPARE_AGAIN_MS) return;
    this.lastComparedAt.set(id, now);
    await this.compareWith(record);
  }

  /**
   * Compares secrets with more servers, at most once per `COMPARE_AGAIN_MS`. Called after one server had another secret, to find out which
   * secret the fleet has.
   */
  private async compareWithMore(): Promise<void> {
    const now = performance.now();
    if (now - this.comparedWithMoreAt < COMPARE_AGAIN_MS) return;
    this.comparedWithMoreAt = now;
    await this.compareSecrets();
  }

  private async compareWith({ id, incarnation, linkHost: host, linkPort: port }: ServerRecord): Promise<void> {
    const verification = await this.links.verify({ id, host, port });
    if (verification !== 'unreachable') this.found(id, incarnation, verification === 'proved');
  }

  private found(id: ServerId, incarnation: number, isProved: boolean): void {
    const known = this.findings.get(id);
    // Ignores a result about an older incarnation, and a result that is already stored.
    if (known && (known.incarnation > incarnation || (known.incarnation === incarnation && known.isProved === isProved))) return;
    this.findings.set(id, { incarnation, isProved });
    if (!isProved) this.log.warn('link.refused', { target: id, incarnation, reason: 'other-secret', check: ADVICE });
    else if (known && !known.isProved) this.log.info('link.accepted', { target: id, incarnation });
    this.review();
    if (!isProved) void this.compareWithMore();
  }

  private review(): void {
    const { isOutvoted } = this;
    if (isOutvoted === this.wasOutvoted) return;
    this.wasOutvoted = isOutvoted;
    if (isOutvoted) this.log.error('link.outvoted', { reason: this.problem });
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

import { type MatchRules, rulesOfMode } from '#libs/protocol';
import { type Attributes, attributesAgree } from './attributes.js';
import { canonical } from './canonical.js';
import { getOrAdd } from './get-or-add.js';
import type { MatchQueueView } from './match-strategy.js';
import { compareService, mergeSorted, RatingList, type RatingListEntry } from './rating-list.js';
import type { OpenRoom, Ticket } from './ticket.js';
import { ratingOf } from './windows.js';

/** Time in ms by which each failed match moves a ticket forward in the order of service. */
export const PRIORITY_MS = 10_000;
/**
 * Maximum number of failed matches that count for a ticket. Without this limit, a ticket with many failed matches would starve other
 * tickets.
 */
const PRIORITY_MAX = 6;
/**
 * Maximum number of combinations of attributes in a bucket with separate lists for each combination. In a bucket with more combinations,
 * all tickets share lists, and the strategy compares the attributes of each ticket.
 */
const COMBINATIONS_MAX = 64;

/** A ticket with the data that the strategy derives from it. */
export interface Entry extends RatingListEntry {
  readonly ticket: Ticket;
  readonly size: number;
  readonly sigma: number;
  readonly bucket: Bucket;
  readonly attributes: Attributes | undefined;
  /** The attributes as text. Equal attributes have equal texts. Empty text: no attributes. */
  readonly attributesText: string;
  lists: readonly RatingList<Entry>[];
  /** Position of the ticket in the last `MatchQueueView`. */
  at: number;
  /** The number of the last `MatchQueueView` with this ticket. */
  seenIn: number;
}

/** The tickets with equal mode and options. Only tickets of one bucket can be in one match. */
export interface Bucket {
  readonly rules: MatchRules;
  readonly groups: Map<string, TicketGroup>;
  /** Number of tickets with each combination of attributes. */
  readonly combinations: Map<string, number>;
  /** True: the bucket has too many combinations, so the tickets of a group can have different attributes. */
  isMixed: boolean;
  /** The regions that at least one ticket of this bucket can reach, sorted. */
  regions: readonly string[];
  /** The number of tickets of each party size. */
  readonly counts: number[];
  /** The possible sizes of matches, by party size of a ticket. A change of the tickets clears this cache. */
  readonly fits: Map<number, readonly (readonly number[])[]>;
  /** The tickets in the order of service. */
  order: Entry[];
  added: Entry[];
  hasGone: boolean;
}

/**
 * Tickets of a bucket with equal party size. Unless the bucket has too many combinations of attributes, these tickets also have equal
 * attributes.
 */
export interface TicketGroup {
  readonly size: number;
  readonly attributes: Attributes | undefined;
  /** For each region, the tickets that can reach the region. Key '': the tickets that accept any region. */
  readonly lists: Map<string, RatingList<Entry>>;
}

/** The tickets of one game, sorted. An update applies only the differences between two values of `MatchQueueView`. */
export class TicketIndex {
  private readonly entries = new Map<string, Entry>();
  private readonly unfit = new Map<string, { ticket: Ticket; seenIn: number }>();
  private readonly buckets = new Map<string, Bucket>();
  private readonly dirty = new Set<RatingList<Entry>>();
  /** The entries in the order of the last `MatchQueueView`. In the next `MatchQueueView`, most tickets have the same order. */
  private sequence: Entry[] = [];
  private lastSequence: Entry[] = [];
  private expected = 0;
  private view: MatchQueueView | undefined;
  private views = 0;
  private rulesText = '';
  private rules: MatchRules | undefined;

  update(view: MatchQueueView): void {
    if (this.view === view) return;
    this.view = view;
    this.views++;
    this.adoptRules(view.rules);
    this.lastSequence = this.sequence;
    this.sequence = [];
    this.expected = 0;
    let seen = 0;
    for (const ticket of view.tickets) if (this.see(ticket)) seen++;
    if (seen < this.entries.size + this.unfit.size) this.removeUnseen();
    for (const bucket of this.buckets.values()) if (bucket.combinations.size > COMBINATIONS_MAX !== bucket.isMixed) this.regroup(bucket);
    for (const list of this.dirty) list.merge();
    this.dirty.clear();
    for (const [key, bucket] of this.buckets) {
      mergeBucket(bucket);
      if (bucket.order.length === 0) this.buckets.delete(key);
    }
  }

  /** Returns all tickets that a match can contain, in the order of service. */
  inOrder(): Entry[] {
    let all: Entry[] = [];
    for (const { order } of this.buckets.values()) all = all.length === 0 ? order : mergeSorted(all, order, compareService);
    return all;
  }

  get(ticket: Ticket): Entry | undefined {
    const entry = this.entries.get(ticket.id);
    return entry?.ticket === ticket ? entry : undefined;
  }

  /** Returns the tickets that could join this room. */
  bucketFor({ mode, options }: Pick<OpenRoom, 'mode' | 'options'>): Bucket | undefined {
    return this.buckets.get(bucketKey(mode, options));
  }

  private adoptRules(rules: MatchRules): void {
    if (rules === this.given) return;
    this.given = rules;
    const text = canonical(rules);
    if (text === this.rulesText) return;
    this.rulesText = text;
    this.rules = rules;
    this.entries.clear();
    this.sequence = [];
    this.unfit.clear();
    this.buckets.clear();
    this.dirty.clear();
  }
  private given: MatchRules | undefined;

  /** Returns false if the ticket occurs a second time in this `MatchQueueView`. */
  private see(ticket: Ticket): boolean {
    const expected = this.lastSequence[this.expected];
    if (expected?.ticket === ticket && expected.seenIn !== this.views && !expected.isGone) {
      this.note(expected);
      return true;
    }
    const entry = this.entries.get(ticket.id);
    if (entry?.ticket === ticket) {
      const isNew = entry.seenIn !== this.views;
      if (isNew) this.note(entry);
      return isNew;
    }
    const known = entry ?? this.unfit.get(ticket.id);
    if (known?.ticket === ticket) {
      const isNew = known.seenIn !== this.views;
      known.seenIn = this.views;
      return isNew;
    }
    if (known) {
      if (known.seenIn === this.views) return false;
      this.remove(ticket.id);
    }
    this.insert(ticket);
    return true;
  }

  private note(entry: Entry): void {
    this.expected = entry.at + 1;
    entry.at = this.sequence.push(entry) - 1;
    entry.seenIn = this.views;
  }

  private insert(ticket: Ticket): void {
    const rules = rulesOfMode(this.rules!, ticket.mode);
    if (!rules || !fitsRules(ticket, rules)) {
      this.unfit.set(ticket.id, { ticket, seenIn: this.views });
      return;
    }
    const bucket = this.bucketOf(ticket, rules);
    const { mu, sigma } = ratingOf(ticket.players);
    const { attributes } = ticket;
    const entry: Entry = {
      id: ticket.id,
      mu,
      sigma,
      order: serviceOrder(ticket),
      size: ticket.players.length,
      ticket,
      bucket,
      attributes,
      attributesText: textOf(attributes),
      lists: [],
      isGone: false,
      takenIn: -1,
      at: this.sequence.length,
      seenIn: this.views,
    };
    this.sequence.push(entry);
    bucket.counts[entry.size] = (bucket.counts[entry.size] ?? 0) + 1;
    bucket.combinations.set(entry.attributesText, (bucket.combinations.get(entry.attributesText) ?? 0) + 1);
    this.addToLists(entry);
    bucket.added.push(entry);
    this.entries.set(ticket.id, entry);
  }

  private addToLists(entry: Entry): void {
    const { bucket, ticket } = entry;
    const group = groupOf(bucket, entry);
    entry.lists = regionsOf(ticket, bucket.rules).map((region) => this.listOf(group, region));
    for (const list of entry.lists) {
      list.add(entry);
      this.dirty.add(list);
    }
  }

  /** Moves the entries of a bucket to new lists, because the number of combinations of attributes has crossed the limit. */
  private regroup(bucket: Bucket): void {
    bucket.isMixed = !bucket.isMixed;
    bucket.groups.clear();
    for (const entry of [...bucket.order, ...bucket.added]) if (!entry.isGone) this.addToLists(entry);
    bucket.hasGone = true;
  }

  private remove(id: string): void {
    this.unfit.delete(id);
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    entry.isGone = true;
    entry.bucket.hasGone = true;
    const { combinations, counts } = entry.bucket;
    counts[entry.size]!--;
    const count = combinations.get(entry.attributesText)! - 1;
    if (count > 0) combinations.set(entry.attributesText, count);
    else combinations.delete(entry.attributesText);
    for (const list of entry.lists) {
      list.noteGone();
      this.dirty.add(list);
    }
  }

  private removeUnseen(): void {
    for (const { id, seenIn } of this.entries.values()) if (seenIn !== this.views) this.remove(id);
    for (const [id, { seenIn }] of this.unfit) if (seenIn !== this.views) this.unfit.delete(id);
  }

  private bucketOf({ mode, options }: Ticket, rules: MatchRules): Bucket {
    const key = bucketKey(mode, options);
    return getOrAdd(this.buckets, key, () => ({
      rules,
      groups: new Map(),
      combinations: new Map(),
      isMixed: false,
      regions: [],
      counts: [],
      fits: new Map(),
      order: [],
      added: [],
      hasGone: false,
    }));
  }

  private listOf({ lists }: TicketGroup, region: string): RatingList<Entry> {
    return getOrAdd(lists, region, () => new RatingList<Entry>());
  }
}

/** Returns the lists of the tickets that a match in this region can contain. Region '': a match in any region. */
export function listsFor(groups: readonly TicketGroup[], region: string): RatingList<Entry>[] {
  const lists: RatingList<Entry>[] = [];
  for (const group of groups) {
    const anywhere = group.lists.get('');
    if (anywhere && anywhere.length > 0) lists.push(anywhere);
    const near = region === '' ? undefined : group.lists.get(region);
    if (near && near.length > 0) lists.push(near);
  }
  return lists;
}

/** Returns false if no ticket of the group can agree with these attributes. */
export function mayAgree(group: TicketGroup, attributes: Attributes | undefined): boolean {
  return attributesAgree([group.attributes, attributes]);
}

/** Returns whether the whole party of the ticket fits into a match of this mode. */
function fitsRules({ players }: Ticket, { seats, teams }: MatchRules): boolean {
  return players.length >= 1 && players.length <= (teams?.size.max ?? seats.max);
}

function serviceOrder({ since, priority = 0 }: Ticket): number {
  return since - Math.min(priority, PRIORITY_MAX) * PRIORITY_MS;
}

function bucketKey(mode: string | undefined, options: Ticket['options']): string {
  return `${mode ?? ''} ${options && Object.keys(options).length > 0 ? canonical(options) : ''}`;
}

function textOf(attributes: Attributes | undefined): string {
  return attributes && Object.keys(attributes).length > 0 ? canonical(attributes) : '';
}

function groupOf({ groups, isMixed }: Bucket, { attributes, attributesText, size }: Entry): TicketGroup {
  const key = isMixed ? String(size) : `${size} ${attributesText}`;
  return getOrAdd(groups, key, () => ({ size, attributes: isMixed || attributesText === '' ? undefined : attributes, lists: new Map() }));
}

/**
 * Returns all regions that the ticket can accept, even if only after a long wait. For a ticket that accepts any region, returns only ''.
 */
function regionsOf({ regions }: Ticket, { latency }: MatchRules): string[] {
  if (!regions) return [''];
  return Object.keys(regions).filter((region) => regions[region]! <= latency.to);
}

function mergeBucket(bucket: Bucket): void {
  if (bucket.added.length === 0 && !bucket.hasGone) return;
  bucket.fits.clear();
  const remaining = bucket.hasGone ? bucket.order.filter(({ isGone }) => !isGone) : bucket.order;
  const added = bucket.added.filter(({ isGone }) => !isGone).sort(compareService);
  bucket.order = mergeSorted(remaining, added, compareService);
  bucket.added = [];
  bucket.hasGone = false;
  removeEmptyLists(bucket);
}

/** Removes lists without entries, so that the result of a round does not depend on earlier tickets. */
function removeEmptyLists(bucket: Bucket): void {
  const regions = new Set<string>();
  for (const [key, { lists }] of bucket.groups) {
    for (const [region, list] of lists) {
      if (list.length === 0) lists.delete(region);
      else if (region !== '') regions.add(region);
    }
    if (lists.size === 0) bucket.groups.delete(key);
  }
  bucket.regions = [...regions].sort();
}

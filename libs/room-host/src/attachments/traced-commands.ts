import { LINK_HEADER, LINK_KIND, type LinkPeer, Links } from '#libs/link';
import { readContext, type Span, Tracer } from '#libs/tracing';
import { Appender } from '../durability/appender.js';
import type { Attachment } from '../room/attachment.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Maximum number of traced commands that this server has received and not answered. Beyond this number, the span of the oldest command
 * ends.
 */
const OPEN_MAX = 1_000;

interface Received {
  readonly peer: LinkPeer;
  readonly seq: number;
  readonly span: Span;
}

/**
 * Continues the traces of commands on the owner of their room. Each trace gets two spans: from the arrival of the command to its outcome,
 * and from the outcome until the change is durable.
 */
export class TracedCommands {
  /** The commands whose trace has arrived, by the handle of their session. */
  private readonly received = new Map<number, Received>();
  /** The spans of changes that are not durable yet, with their versions. */
  private readonly appends = new Map<HostedRoom, { readonly version: number; readonly span: Span }[]>();

  constructor(
    private readonly tracer: Tracer,
    links: Links,
    appender: Appender,
    rooms: HostedRooms,
  ) {
    links.onFrame(LINK_KIND.tracedCommand, (peer, frame) => this.receive(peer, frame));
    appender.onCommitted(({ room }) => this.endAppends(room, room.durable.version));
    rooms.onDropped((room) => this.endAppends(room, Number.POSITIVE_INFINITY));
  }

  /** Ends the span of a command that has been handled, and begins the span of its change. */
  answered({ handle, peer, room, seat, user }: Attachment, seq: number, outcome: string): void {
    const received = this.received.get(handle);
    if (received?.peer !== peer || received.seq !== seq) return;
    this.received.delete(handle);
    const { span } = received;
    const { version, game } = room.value;
    span.end({
      'holdfast.room': room.id,
      'holdfast.game': game,
      'holdfast.seat': seat ?? -1,
      'enduser.id': user,
      'holdfast.outcome': outcome,
    });
    if (outcome !== 'changed') return;
    const attributes = { 'db.system.name': 'redis', 'holdfast.room': room.id, 'holdfast.version': version };
    const append = { version, span: this.tracer.begin('changes.append', attributes, span.context) };
    const appends = this.appends.get(room);
    if (appends) appends.push(append);
    else this.appends.set(room, [append]);
  }

  private receive(peer: LinkPeer, frame: Buffer): void {
    const { tracedCommand } = LINK_HEADER;
    const context = readContext(frame, tracedCommand.context);
    if (!context) return;
    const handle = frame.readUInt32BE(tracedCommand.handle);
    const [eldest] = this.received.keys();
    if (this.received.size >= OPEN_MAX && eldest !== undefined) this.drop(eldest);
    this.drop(handle);
    const span = this.tracer.begin('command.handle', { 'holdfast.peer': peer.id }, context);
    this.received.set(handle, { peer, seq: frame.readUInt32BE(tracedCommand.seq), span });
  }

  /** Ends the span of a command that this server did not handle, for example because the command arrived twice. */
  private drop(handle: number): void {
    this.received.get(handle)?.span.end({ 'holdfast.outcome': 'not-handled' });
    this.received.delete(handle);
  }

  private endAppends(room: HostedRoom, version: number): void {
    const appends = this.appends.get(room);
    if (!appends) return;
    const rest = appends.filter((append) => append.version > version);
    const peers = new Set([...room.attachments].map(({ peer }) => peer));
    for (const append of appends) {
      if (append.version > version) continue;
      append.span.end();
      for (const peer of peers) peer.sendSyncTrace(append.version, append.span.context);
    }
    if (rest.length > 0) this.appends.set(room, rest);
    else this.appends.delete(room);
  }
}

/** Provides the traces of commands. The provided value is null while tracing is off. */
export const tracedCommands = {
  provide: TracedCommands,
  inject: [{ token: Tracer, optional: true }, Links, Appender, HostedRooms],
  useFactory: (tracer: Tracer | null | undefined, links: Links, appender: Appender, rooms: HostedRooms) =>
    tracer ? new TracedCommands(tracer, links, appender, rooms) : null,
};

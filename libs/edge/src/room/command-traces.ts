import type { LinkPeer } from '#libs/link';
import { HEADER } from '#libs/protocol';
import type { Span, Tracer } from '#libs/tracing';
import type { GatewaySession } from '../session/gateway-session.js';

/** Maximum number of traced commands without an acknowledgement. Further commands are not traced. */
const OPEN_MAX = 1_000;
/** Time after which the trace of a command without an acknowledgement ends, in ms. */
const OPEN_MS = 30_000;

interface OpenCommand {
  readonly seq: number;
  readonly span: Span;
  readonly at: number;
}

/**
 * The traces of commands. Each trace covers the way of a command from the gateway to the log of the room, and the way of its answer back. A
 * trace begins when the gateway sends the command to the owner of its room. It ends with the sync that acknowledges the command, with the
 * refusal of the command, or with the end of the session.
 */
export class CommandTraces {
  private readonly open = new Map<GatewaySession, OpenCommand[]>();
  private openCount = 0;

  constructor(private readonly tracer: Tracer) {}

  /** Begins the trace of a command, if it is sampled. Call it directly before the command is sent over the link. */
  begin(session: GatewaySession, peer: LinkPeer, frame: Buffer): void {
    if (!this.tracer.isSampled()) return;
    if (this.openCount >= OPEN_MAX) this.endOverdue();
    if (this.openCount >= OPEN_MAX) return;
    const seq = frame.readUInt32BE(HEADER.command.seq);
    const { user, id, room } = session;
    const attributes = { 'enduser.id': user, 'session.id': id, 'holdfast.room': room ?? '', 'holdfast.seq': seq };
    const span = this.tracer.begin('command', attributes);
    peer.sendCommandTrace(session.handle, seq, span.context);
    const commands = this.open.get(session);
    const command = { seq, span, at: performance.now() };
    if (commands) commands.push(command);
    else this.open.set(session, [command]);
    this.openCount += 1;
  }

  /** Ends the traces of the commands that a sync acknowledges: all up to `seq`. */
  acknowledged(session: GatewaySession, seq: number): void {
    if (this.openCount > 0) this.end(session, (command) => command.seq <= seq, 'acknowledged');
  }

  /** Ends the trace of a refused command. */
  refused(session: GatewaySession, seq: number): void {
    if (this.openCount > 0) this.end(session, (command) => command.seq === seq, 'refused');
  }

  /** Ends the traces of all commands of a session that has ended at this gateway. */
  sessionEnded(session: GatewaySession): void {
    if (this.openCount > 0) this.end(session, () => true, 'session-ended');
  }

  private endOverdue(): void {
    const now = performance.now();
    for (const session of [...this.open.keys()]) this.end(session, ({ at }) => now - at > OPEN_MS, 'unanswered');
  }

  private end(session: GatewaySession, isOver: (command: OpenCommand) => boolean, outcome: string): void {
    const commands = this.open.get(session);
    if (!commands) return;
    const rest: OpenCommand[] = [];
    for (const command of commands) {
      if (isOver(command)) command.span.end({ 'holdfast.outcome': outcome });
      else rest.push(command);
    }
    this.openCount -= commands.length - rest.length;
    if (rest.length > 0) this.open.set(session, rest);
    else this.open.delete(session);
  }
}

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CaseFailure } from './case.js';
import { Inbox } from './inbox.js';

/** A line in which the client reports an event, such as `{"event":"state", …}`. */
export interface ClientEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The answer of the client to an instruction: a result, or the code of a refusal. */
export interface ClientAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string };
}

interface Instruction {
  readonly do: string;
  readonly [field: string]: unknown;
}

/** Time limit for an answer, in ms. It allows for a client that is still starting on a busy machine. */
const ANSWER_MS = 15_000;
const EVENT_MS = 8_000;

/** The process of the client under test. `conformance/README.md` describes the lines that the tool and the client exchange. */
export class ClientUnderTest {
  private static readonly running = new Set<ClientUnderTest>();
  private readonly events = new Inbox<ClientEvent>();
  private readonly answers = new Inbox<ClientAnswer>();
  private lastId = 0;
  /** The reason why the client has ended. Null: the client runs. */
  ending: string | null = null;
  /** The first violation of the protocol that a gateway has seen. The case fails, whatever it checks. Null: there was none. */
  fault: string | null = null;
  private readonly endListeners: (() => void)[] = [];

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly log: (line: string) => void,
  ) {
    createInterface({ input: child.stdout }).on('line', (line) => this.read(line));
    child.stderr.on('data', (text: Buffer) => process.stderr.write(text));
    // Ignores errors of the pipe. They mean that the client has ended, which `ending` records.
    child.stdin.on('error', () => {});
    ClientUnderTest.running.add(this);
    child.on('exit', (code, signal) => this.over(`the client has ended (${signal ?? `exit code ${code}`})`));
  }

  /**
   * Starts the client in a process group of its own, because a command such as `npm run client` starts further processes.
   *
   * @param command run by the shell, with the URLs as further arguments. The client should end when its standard input ends
   */
  static start(command: string, urls: readonly string[], log: (line: string) => void): ClientUnderTest {
    return new ClientUnderTest(spawn('/bin/sh', ['-c', `exec ${command} "$@"`, 'sh', ...urls], { detached: true }), log);
  }

  /** Calls the listener as soon as the client has ended. */
  onEnd(listener: () => void): void {
    this.endListeners.push(listener);
  }

  /** Sends an instruction to the client. Resolves with the client's answer. */
  act(instruction: Instruction): Promise<ClientAnswer> {
    const answered = this.answerTo(instruction);
    // If the case fails before it awaits the answer, nothing handles a rejection of the answer. Without this handler, the rejection would
    // then end this process.
    answered.catch(() => {});
    return answered;
  }

  private async answerTo(instruction: Instruction): Promise<ClientAnswer> {
    this.lastId += 1;
    const id = this.lastId;
    const line = JSON.stringify({ id, ...instruction });
    this.log(`> ${line}`);
    this.child.stdin.write(`${line}\n`);
    await this.answers.until(() => this.ending !== null || this.answers.all.some((answer) => answer.id === id), ANSWER_MS);
    const answer = this.answers.all.find((one) => one.id === id);
    if (!answer) throw new CaseFailure(`expected an answer to ${line}, but ${this.ending ?? `there was none within ${ANSWER_MS} ms`}`);
    return answer;
  }

  /** Returns the next event with this name for which `isWanted` is true. Skips the events before it. */
  hears(event: string, isWanted: (event: ClientEvent) => boolean = () => true): Promise<ClientEvent> {
    const wanted = (one: ClientEvent): boolean => one.event === event && isWanted(one);
    return this.events.take(`the event ${event}`, wanted, EVENT_MS, () => this.ending);
  }

  hearsNo(event: string, waitMs: number): Promise<void> {
    return this.events.none(`event ${event}`, (one) => one.event === event, waitMs);
  }

  /** Drops all events that have arrived so far. */
  skipEvents(): void {
    this.events.skip();
  }

  /** Records a violation of the protocol, and ends all waits of the case. */
  accuse(fault: string): void {
    this.fault ??= fault;
    this.over(fault);
  }

  /** Ends the clients of all cases. Ctrl-C does not reach them, because they have process groups of their own. */
  static endAll(): void {
    for (const client of ClientUnderTest.running) client.end();
  }

  /** Kills the client with all processes that it has started. */
  end(): void {
    ClientUnderTest.running.delete(this);
    this.child.stdin.end();
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  private read(line: string): void {
    this.log(`< ${line.slice(0, 500)}`);
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return this.over(`the client printed a line that is not JSON: ${line.slice(0, 200)}`);
    }
    if (isEvent(message)) this.events.push(message);
    else if (isAnswer(message)) this.answers.push(message);
  }

  private over(why: string): void {
    this.ending ??= why;
    this.events.changed();
    this.answers.changed();
    for (const listener of this.endListeners) listener();
  }
}

function isEvent(message: unknown): message is ClientEvent {
  return typeof (message as Partial<ClientEvent> | null)?.event === 'string';
}

function isAnswer(message: unknown): message is ClientAnswer {
  return typeof (message as Partial<ClientAnswer> | null)?.id === 'number';
}

import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../../tools/process/until.mjs';

/** An example of a client in another language, in its own process. It prints one line for each event. */
export class ExampleProcess {
  readonly lines: string[] = [];
  private exitCode: number | null = null;
  private readonly child: ChildProcess;

  constructor(command: readonly string[], args: readonly string[], env: NodeJS.ProcessEnv) {
    const [program = '', ...first] = command;
    this.child = spawn(program, [...first, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let rest = '';
    this.child.stdout?.on('data', (text: Buffer) => {
      const [last = '', ...lines] = `${rest}${text}`.split('\n').reverse();
      rest = last;
      this.lines.push(...lines.reverse());
    });
    this.child.stderr?.on('data', (text: Buffer) => this.lines.push(`stderr: ${text}`));
    this.child.on('close', (code, signal) => {
      this.exitCode = code ?? (signal ? 128 : 0);
    });
  }

  /** Searches the lines from position `from` on for the first match. Returns the text of the match's first group. */
  async says(pattern: RegExp, { from = 0, waitMs = 20_000 } = {}): Promise<string> {
    const find = (): RegExpExecArray | null => {
      for (const line of this.lines.slice(from)) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      return null;
    };
    try {
      const match = await until(() => {
        const found = find();
        if (!found && this.exitCode !== null) throw new Error(`it has ended with the exit code ${this.exitCode}`);
        return found;
      }, waitMs);
      return match[1] ?? match[0];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The example did not print ${pattern}: ${reason}. It printed:\n${this.lines.join('\n')}`);
    }
  }

  /** Resolves with the exit code. */
  async ended(waitMs = 30_000): Promise<number> {
    await until(() => this.exitCode !== null, waitMs).catch(() => {
      throw new Error(`The example did not end within ${waitMs} ms. It printed:\n${this.lines.join('\n')}`);
    });
    return this.exitCode as number;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../tools/process/paths.mjs';

/** A command that a page of the documentation tells its reader to use. */
export interface PageCommand {
  /** `shell`: a line for a shell. `redis`: a command of Redis. `http`: a request to the ops port of a gateway. */
  readonly kind: 'shell' | 'redis' | 'http';
  /** The command without its comment. It still contains the names of its variables, such as `$ROOM`, and not their values. */
  readonly text: string;
  /** The output that the page shows below a block of this one command. Absent: it shows none. */
  readonly output?: string;
}

/** The programs whose calls in running text are commands. In a block of shell lines, each line is a command. */
const PROGRAMS = new Set(
  'curl docker holdfast jq kill kubectl node npm promtool redis-cli redis-server systemctl timedatectl ulimit'.split(' '),
);

/** A code block. Its fence may be indented, as in a list. `output`: the block of plain text that follows it directly. */
const BLOCK = /^ *```(?<language>\S*)[^\n]*\n(?<code>[\s\S]*?)^ *```\n(?:\n```text\n(?<output>[\s\S]*?)^```\n)?/gm;

/** Returns each command of a page once, in the order of the page. */
export function commandsOf(page: string): PageCommand[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const found = new Map<string, PageCommand>();
  const add = (command: PageCommand): void => {
    if (!found.has(command.text) || command.output !== undefined) found.set(command.text, command);
  };
  let end = 0;
  for (const block of text.matchAll(BLOCK)) {
    for (const line of text.slice(end, block.index).split('\n')) commandsIn(line).forEach(add);
    end = block.index + block[0].length;
    const { language, code = '', output } = block.groups ?? {};
    const lines = language === 'sh' ? shellLines(code) : [];
    for (const line of lines) add(lines.length === 1 && output !== undefined ? { ...line, output } : line);
  }
  for (const line of text.slice(end).split('\n')) commandsIn(line).forEach(add);
  return [...found.values()];
}

/** Returns the lines of a block for a shell, without comments. A backslash at the end of a line continues it. */
function shellLines(block: string): PageCommand[] {
  return block
    .replace(/\\\n */g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)# .*$/, '').trim())
    .filter((text) => text !== '')
    .map((text) => ({ kind: 'shell', text }));
}

/** Returns the commands in a line of running text: in its code spans, or the line itself when it is an indented call of Redis. */
function commandsIn(line: string): PageCommand[] {
  if (/^ {4}[A-Z]+ [A-Z]/.test(line)) return [{ kind: 'redis', text: line.trim() }];
  return [...line.matchAll(/`([^`]+)`/g)].flatMap(([, text = '']): PageCommand[] => {
    // A text with an ellipsis is a pattern for several commands, and not a command.
    if (text.includes('…')) return [];
    if (/^(GET|POST|DELETE) \//.test(text)) return [{ kind: 'http', text }];
    if (/^[A-Z]{3,}( [^ ]+)+$/.test(text)) return [{ kind: 'redis', text }];
    const [program = '', ...words] = text.split(' ');
    return PROGRAMS.has(program) && (words.length > 0 || program === 'timedatectl') ? [{ kind: 'shell', text }] : [];
  });
}

/**
 * Limits for log lines: the length of a line, a stack and a text in characters, and the number of causes of an error. Lines need limits
 * because a peer or a game controls the content of some fields.
 */
const LINE_MAX = 16_384;
const STACK_MAX = 6_000;
const TEXT_MAX = 2_000;
const CAUSES_MAX = 3;

/**
 * Returns a line of JSON of at most `LINE_MAX` characters. Cuts long texts first. If the line is still too long, drops all fields except
 * the event and the server.
 */
export function boundedLine(line: string): string {
  if (line.length <= LINE_MAX) return line;
  try {
    const short = JSON.stringify(JSON.parse(line), (_, value) => (typeof value === 'string' ? cut(value, TEXT_MAX) : value));
    if (short.length < LINE_MAX) return `${short}\n`;
    const { level, time, server, event } = JSON.parse(line) as Record<string, unknown>;
    return `${JSON.stringify({ level, time, server, cutFrom: line.length, event: cut(String(event), TEXT_MAX) })}\n`;
  } catch {
    return `${cut(line.trimEnd(), TEXT_MAX)}\n`;
  }
}

/**
 * The fields of an error in a log line: type, message, code, stack and causes. All other properties are dropped, because errors of ioredis
 * contain the arguments of the command, such as a room's state or a session's secret.
 */
export function boundedError(error: unknown, depth = 0): unknown {
  if (typeof error === 'string') return cut(error, STACK_MAX);
  const { name, message, stack, code, cause, errors } = (error ?? {}) as Record<string, unknown>;
  if (typeof message !== 'string' || typeof stack !== 'string') return error;
  return {
    type: typeof name === 'string' ? name : 'Error',
    message: cut(message, TEXT_MAX),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    stack: cut(stack, STACK_MAX),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: boundedError(cause, depth + 1) }),
    ...(Array.isArray(errors) && depth < CAUSES_MAX && { errors: errors.slice(0, CAUSES_MAX).map((one) => boundedError(one, depth + 1)) }),
  };
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length} characters)`;
}

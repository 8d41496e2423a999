/** Limits of a log line and of one text in it, in characters. A peer or a game controls the content of some fields. */
const LINE_MAX = 16_384;
const TEXT_MAX = 2_000;

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

/** Returns a text of at most `max` characters. A text that was cut ends with the number of characters that it had before. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length} characters)`;
}

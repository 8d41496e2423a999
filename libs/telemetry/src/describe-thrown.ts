/** Maximum length of a description, in characters: enough of a message and a stack to find the place in the code. */
const CHARS_MAX = 4_000;

/** Describes a thrown value for a log line. Never throws and never returns a long text, whatever a game has thrown. */
export function describeThrown(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : thrown;
    return String(text).slice(0, CHARS_MAX);
  } catch {
    return `a thrown ${typeof thrown} that has no text`;
  }
}

/** A place in a text, as editors show it. Both numbers begin at 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Returns the place at which a text stops being valid JSON, or null when the text is valid. This does not read the message of `JSON.parse`,
 * because that message differs between the versions of Node, and some of them have no position.
 */
export function brokenJsonPlace(text: string): TextPlace | null {
  const offset = new JsonScanner(text).brokenAt();
  if (offset === null) return null;
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

const BLANKS = /[ \t\n\r]*/y;
const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A string without its closing quotation mark. The first class has all characters from U+0020, except `"` and `\`. */
const OPEN_STRING = /"(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;

/** Reads a text by the grammar of JSON (RFC 8259). It keeps its own stack, so that deep nesting cannot exhaust the stack of the process. */
class JsonScanner {
  private offset = 0;
  private readonly open: ('[' | '{')[] = [];

  constructor(private readonly text: string) {}

  /** Returns the offset of the first character that cannot continue the text, or null. */
  brokenAt(): number | null {
    while (this.beginValue()) {
      if (!this.endValue()) break;
      if (this.open.length === 0) return this.offset === this.text.length ? null : this.offset;
    }
    return this.offset;
  }

  /** Reads up to the end of a value, or up to the value in an object or array that begins here. */
  private beginValue(): boolean {
    for (;;) {
      this.skip(BLANKS);
      const next = this.text[this.offset];
      if (next === '"') return this.string();
      if (next !== '[' && next !== '{') return this.skip(WORD);
      this.offset++;
      this.open.push(next);
      this.skip(BLANKS);
      if (this.text[this.offset] === CLOSING[next]) return true;
      if (next === '{' && !this.key()) return false;
    }
  }

  /** Reads all ends of objects and arrays that follow a value, and the comma before a further value. */
  private endValue(): boolean {
    for (;;) {
      this.skip(BLANKS);
      const inner = this.open.at(-1);
      if (inner === undefined) return true;
      if (this.character(CLOSING[inner])) this.open.pop();
      else return this.character(',') && (inner === '[' || this.key());
    }
  }

  private key(): boolean {
    this.skip(BLANKS);
    if (!this.string()) return false;
    this.skip(BLANKS);
    return this.character(':');
  }

  private string(): boolean {
    return this.skip(OPEN_STRING) && this.character('"');
  }

  private character(expected: string): boolean {
    if (this.text[this.offset] !== expected) return false;
    this.offset++;
    return true;
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.offset;
    if (!pattern.test(this.text)) return false;
    this.offset = pattern.lastIndex;
    return true;
  }
}

const CLOSING = { '[': ']', '{': '}' } as const;

import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';

export interface TextLine {
  /** The number of the line, from 1. */
  readonly number: number;
  readonly text: string;
  /** Number of bytes that were read from the file so far. */
  readonly bytesRead: number;
}

/**
 * Reads the lines of a text file as a stream. A line ends with LF, CRLF or CR. The text is UTF-16 if it has a byte order mark or obvious
 * zero bytes. Otherwise each line is UTF-8 or Windows-1252, because old files often mix several encodings.
 *
 * @throws an error when the file is missing, is a folder, cannot be read, is compressed, or has a line that is too long for text
 */
export async function* readLines(path: string): AsyncGenerator<TextLine> {
  const file = await opened(path);
  try {
    const { bytesRead: length, buffer } = await file.read(Buffer.alloc(BOM_BYTES), 0, BOM_BYTES, 0);
    const decoder = decoderFor(buffer.subarray(0, length), path);
    let number = 0;
    let bytesRead = 0;
    let rest = '';
    for await (const chunk of file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false })) {
      bytesRead += (chunk as Buffer).length;
      const lines = (rest + decoder.decode(chunk as Buffer)).split(LINE_END);
      rest = lines.pop() ?? '';
      // Keeps a last CR, because the LF of a CRLF is perhaps in the next chunk.
      if (rest === '' && lines.length > 0 && decoder.endsWithCr) rest = `${lines.pop()}\r`;
      if (rest.length > LINE_CHARS_MAX) throw new Error(`${path}, line ${number + lines.length + 1}, ${TOO_LONG}`);
      for (const text of lines) yield { number: ++number, text, bytesRead };
    }
    for (const text of (rest + decoder.end()).split(LINE_END)) yield { number: ++number, text, bytesRead };
  } finally {
    await file.close();
  }
}

const BOM_BYTES = 4;
const CHUNK_BYTES = 65_536;
/** Maximum length of a line in memory, in characters. Even with comments, a game in one line has only about 10,000 characters. */
const LINE_CHARS_MAX = 4_194_304;
const TOO_LONG = `has more than ${LINE_CHARS_MAX} characters: this is no text file with games.`;
const LINE_END = /\r\n|\n|\r/;

async function opened(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read: ${message}`, { cause: error });
  }
  throw new Error(`${path} is a folder. Give a file.`);
}

abstract class Decoder {
  /** True: the text so far ends with CR. */
  endsWithCr = false;

  decode(bytes: Buffer): string {
    const text = this.textOf(bytes);
    if (text !== '') this.endsWithCr = text.endsWith('\r');
    return text;
  }

  /** Returns the text after the last line end. Call this at the end of the file. */
  abstract end(): string;
  protected abstract textOf(bytes: Buffer): string;
}

function decoderFor(start: Buffer, path: string): Decoder {
  const archive = ARCHIVES.find(({ magic }) => start.subarray(0, magic.length).equals(Buffer.from(magic)));
  if (archive) throw new Error(`${path} is compressed (${archive.name}). Decompress it first.`);
  const [first, second] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return new Utf16('utf-16le');
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return new Utf16('utf-16be');
  return new Utf8OrWindows();
}

const ARCHIVES: readonly { readonly name: string; readonly magic: readonly number[] }[] = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'Zstandard', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04] },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68] },
  { name: '7z', magic: [0x37, 0x7a, 0xbc, 0xaf] },
];

class Utf16 extends Decoder {
  private readonly decoder: TextDecoder;

  constructor(encoding: 'utf-16le' | 'utf-16be') {
    super();
    this.decoder = new TextDecoder(encoding);
  }

  protected textOf(bytes: Buffer): string {
    return this.decoder.decode(bytes, { stream: true });
  }

  end(): string {
    return this.decoder.decode();
  }
}

class Utf8OrWindows extends Decoder {
  private rest = Buffer.alloc(0);
  private isFirst = true;

  protected textOf(bytes: Buffer): string {
    const all = Buffer.concat([this.rest, bytes]);
    // Decodes each line as a whole, because lines can have different encodings.
    const end = Math.max(all.lastIndexOf(LF), all.lastIndexOf(CR)) + 1;
    this.rest = all.subarray(end);
    if (this.rest.length > LINE_CHARS_MAX) throw new Error(`A line of the file ${TOO_LONG}`);
    return this.withoutBom(decode8(all.subarray(0, end)));
  }

  end(): string {
    return this.withoutBom(decode8(this.rest));
  }

  private withoutBom(text: string): string {
    const isFirst = this.isFirst && text !== '';
    if (isFirst) this.isFirst = false;
    return isFirst && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
}

function decode8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const at = bytes.subarray(start).findIndex((byte) => byte === LF || byte === CR);
    const end = at === -1 ? bytes.length : start + at + 1;
    const line = bytes.subarray(start, end);
    lines.push(isUtf8(line) ? line.toString('utf8') : WINDOWS.decode(line));
    start = end;
  }
  return lines.join('');
}

const LF = 0x0a;
const CR = 0x0d;
const WINDOWS = new TextDecoder('windows-1252');

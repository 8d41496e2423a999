import { inflateRawSync } from 'node:zlib';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_HEADER_BYTES = 30;
const DEFLATED = 8;

/**
 * Returns one file of a ZIP archive. Reads the directory at the end of the archive (APPNOTE.TXT 6.3, 4.3.12 and 4.3.16), without ZIP64.
 *
 * @param {Buffer} archive
 * @param {string} name
 * @returns {Buffer}
 * @throws when the archive has no such file
 */
export function readZipEntry(archive, name) {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || archive.readUInt32LE(end) !== END_SIGNATURE) throw new Error('This is no ZIP archive: it has no directory at its end');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== ENTRY_SIGNATURE) break;
    const nameBytes = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameBytes) === name) return contentOf(archive, at);
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`The archive has no file ${name}`);
}

/** @param {Buffer} archive @param {number} entry position in the directory */
function contentOf(archive, entry) {
  const method = archive.readUInt16LE(entry + 10);
  const header = archive.readUInt32LE(entry + 42);
  const start = header + LOCAL_HEADER_BYTES + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const content = archive.subarray(start, start + archive.readUInt32LE(entry + 20));
  return method === DEFLATED ? inflateRawSync(content) : content;
}

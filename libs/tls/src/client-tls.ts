import { type CertificateOptions, read, readTrusted, stateOf } from './certificate.js';

/**
 * The paths of the files with which a client checks a server (`ca`) and identifies itself (`cert` and `key`, both together). All are
 * optional.
 */
export interface ClientTlsFiles {
  /** Certificates of trusted CAs. Absent or null: the CAs that Node trusts. */
  readonly ca?: string | null;
  readonly cert?: string | null;
  readonly key?: string | null;
}

/** For each file, the name of its setting, for error messages. */
export type ClientTlsNames = { readonly [File in keyof ClientTlsFiles]-?: string };

/**
 * The TLS options of a client, from files. Read `options` for each new connection, because the files are possibly renewed. While new files
 * are incomplete or do not match, `options` contains the earlier files.
 */
export class ClientTls {
  private current: Partial<CertificateOptions>;
  private seen: string;

  /** @throws an error that names the setting and the problem */
  constructor(
    private readonly files: ClientTlsFiles,
    private readonly names: ClientTlsNames,
  ) {
    this.seen = stateOf(files);
    this.current = this.load();
  }

  get options(): Partial<CertificateOptions> {
    const state = stateOf(this.files);
    if (state === this.seen) return this.current;
    try {
      this.current = this.load();
      this.seen = state;
    } catch {
      // Keeps the earlier options when the files cannot be read. The next connection reads the files again.
    }
    return this.current;
  }

  private load(): Partial<CertificateOptions> {
    const { ca, cert, key } = this.files;
    if (cert != null && key != null) return read({ cert, key, ca }, this.names);
    return ca == null ? {} : { ca: readTrusted(ca, this.names) };
  }
}

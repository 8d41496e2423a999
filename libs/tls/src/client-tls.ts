import { type CertificateOptions, read, readTrusted, stateOf } from './certificate.js';

/** Files with which a client checks a server, and identifies itself. All are optional; `cert` and `key` are given together. */
export interface ClientTlsFiles {
  /** Certificates of trusted CAs. Absent: those that Node trusts. */
  readonly ca?: string | null;
  readonly cert?: string | null;
  readonly key?: string | null;
}

/** The names of the settings, for error messages. */
export type ClientTlsNames = { readonly [File in keyof ClientTlsFiles]-?: string };

/**
 * The TLS options of a client, from files. Read `options` for each new connection, because the files may have been renewed. It ignores
 * files that are missing or do not match each other, because they are just being written, and gives the earlier ones until they match.
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
      // The next connection reads the files again.
    }
    return this.current;
  }

  private load(): Partial<CertificateOptions> {
    const { ca, cert, key } = this.files;
    if (cert != null && key != null) return read({ cert, key, ca }, this.names);
    return ca == null ? {} : { ca: readTrusted(ca, this.names) };
  }
}

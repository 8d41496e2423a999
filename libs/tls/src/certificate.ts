import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where a certificate is (with those it is signed by, if they are not known everywhere), and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Who must have signed the other side's, for a port where both sides show theirs. */
  readonly ca?: string | null;
}

/** The settings that name them, for sentences. */
export type CertificateNames = { readonly [File in keyof CertificateFiles]-?: string };

/** As Node's TLS takes them. */
export interface CertificateOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface Renewal {
  readonly validUntil: string;
  /** Why the new files were not taken; the old certificate stays. */
  readonly error?: string;
}

/** Files are looked at this often, in ms: certificates are renewed days before they end. */
const LOOK_MS = 5_000;

/**
 * A certificate from files, checked when it is loaded and whenever the files have changed: whoever renews it writes
 * over them, and new connections get the new one. Files that do not belong together, in the middle of being written,
 * are passed over until they do.
 */
export class Certificate {
  private current: CertificateOptions;
  private seen: string;
  private readonly renewed: ((options: CertificateOptions) => void)[] = [];
  private readonly told: ((renewal: Renewal) => void)[] = [];
  private refused: string | null = null;
  private looking: NodeJS.Timeout | null = null;

  /** Throws one sentence that names the setting and what is wrong. */
  constructor(
    private readonly files: CertificateFiles,
    private readonly names: CertificateNames,
    private readonly lookMs = LOOK_MS,
  ) {
    this.seen = stateOf(files);
    this.current = read(files, names);
  }

  get options(): CertificateOptions {
    return this.current;
  }

  /** Those who must sign the other side's are named: then both sides show who they are. */
  get isMutual(): boolean {
    return this.current.ca !== undefined;
  }

  get validUntil(): string {
    return new X509Certificate(this.current.cert).validTo;
  }

  /** A server's; `tls.Server` and `https.Server` alike. Connections that are open keep what they have. */
  keepFresh(server: { setSecureContext(options: CertificateOptions): void }): void {
    this.renewed.push((options) => server.setSecureContext(options));
    this.watch();
  }

  /** For the log. */
  onRenewal(listener: (renewal: Renewal) => void): void {
    this.told.push(listener);
  }

  /** Whether the files have changed, and what then. */
  look(): void {
    const state = stateOf(this.files);
    if (state === this.seen) return;
    try {
      this.current = read(this.files, this.names);
    } catch (error) {
      // Said once, and tried again: the second of two files is perhaps just being written.
      if (this.refused !== state) this.tell({ validUntil: this.validUntil, error: (error as Error).message });
      this.refused = state;
      return;
    }
    this.seen = state;
    for (const renew of this.renewed) renew(this.current);
    this.tell({ validUntil: this.validUntil });
  }

  private tell(renewal: Renewal): void {
    for (const listener of this.told) listener(renewal);
  }

  private watch(): void {
    if (this.looking) return;
    this.looking = setInterval(() => this.look(), this.lookMs);
    this.looking.unref();
  }
}

/** Null where none is set. One file without the other is a `SettingsError` before it comes to this. */
export function certificateFrom(
  {
    tlsCert: cert,
    tlsKey: key,
    tlsCa: ca,
  }: { readonly tlsCert: string | null; readonly tlsKey: string | null; readonly tlsCa?: string | null },
  prefix: string,
): Certificate | null {
  if (cert === null || key === null) return null;
  return new Certificate({ cert, key, ca: ca ?? null }, { cert: `${prefix}_TLS_CERT`, key: `${prefix}_TLS_KEY`, ca: `${prefix}_TLS_CA` });
}

function read(files: CertificateFiles, names: CertificateNames): CertificateOptions {
  const cert = contentOf('cert', files.cert, names);
  const key = contentOf('key', files.key, names);
  const ca = files.ca == null ? undefined : contentOf('ca', files.ca, names);
  for (const [file, content] of [['cert', cert] as const, ...(ca ? [['ca', ca] as const] : [])]) {
    if (!isCertificate(content))
      throw new Error(`${names[file]} is ${JSON.stringify(files[file])}, which holds no certificate in PEM form`);
  }
  if (!isKey(key))
    throw new Error(`${names.key} is ${JSON.stringify(files.key)}, which holds no private key in PEM form without a passphrase`);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error(
      `${names.key} is ${JSON.stringify(files.key)}, which is not the key of the certificate in ${names.cert} (${JSON.stringify(files.cert)})`,
    );
  const options = { cert, key, ...(ca && { ca }) };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Error(`${names.cert} is ${JSON.stringify(files.cert)}, which cannot be used: ${(error as Error).message}`);
  }
  return options;
}

function contentOf(file: keyof CertificateFiles, path: string, names: CertificateNames): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message;
    throw new Error(`${names[file]} is ${JSON.stringify(path)}, which cannot be read: ${why}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it',
  EISDIR: 'it is a directory',
};

function isCertificate(content: Buffer): boolean {
  try {
    return new X509Certificate(content) !== null;
  } catch {
    return false;
  }
}

function isKey(content: Buffer): boolean {
  try {
    return createPrivateKey(content) !== null;
  } catch {
    return false;
  }
}

/** Another text when any of the files is another: by what stands there, also behind a link that was turned. */
function stateOf({ cert, key, ca }: CertificateFiles): string {
  return [cert, key, ca ?? '']
    .map((path) => {
      try {
        const { mtimeMs, size, ino } = statSync(path);
        return `${mtimeMs}/${size}/${ino}`;
      } catch {
        return '';
      }
    })
    .join('|');
}

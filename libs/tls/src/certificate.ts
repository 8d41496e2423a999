import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** The paths of the files of a certificate (with its intermediate certificates) and of its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /**
   * The CA that must have signed the peer's certificate, when both sides must present one. Absent or null: only the server presents a
   * certificate.
   */
  readonly ca?: string | null;
}

/** For each file, the name of its setting, for error messages. */
export type CertificateNames = { readonly [File in keyof CertificateFiles]-?: string };

/** The contents of the files, as options of Node's TLS. */
export interface CertificateOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface Renewal {
  readonly validUntil: string;
  /** The reason why the new files were not accepted, so that the old certificate is still in use. Absent: the new certificate is in use. */
  readonly error?: Error;
}

/**
 * Interval of the checks whether the files have changed, in ms. A long interval is enough, because certificates are renewed days before
 * they expire.
 */
const POLL_MS = 5_000;

/**
 * A certificate from files, checked when it is loaded and when the files change. A renewal overwrites the files, and new connections get
 * the new certificate. New files are ignored until they are valid and match each other, because they are perhaps only partly written.
 */
export class Certificate {
  private current: CertificateOptions;
  private seen: string;
  private readonly renewed: ((options: CertificateOptions) => void)[] = [];
  private readonly renewalListeners: ((renewal: Renewal) => void)[] = [];
  private refused: string | null = null;
  private polling: NodeJS.Timeout | null = null;

  /** @throws an error that names the setting and the problem */
  constructor(
    private readonly files: CertificateFiles,
    private readonly names: CertificateNames,
    private readonly pollMs = POLL_MS,
  ) {
    this.seen = stateOf(files);
    this.current = read(files, names);
  }

  get options(): CertificateOptions {
    return this.current;
  }

  /** True when a CA is given, so that both sides must present a certificate. */
  get isMutual(): boolean {
    return this.current.ca !== undefined;
  }

  get validUntil(): string {
    return new X509Certificate(this.current.cert).validTo;
  }

  /** Passes each renewed certificate to a `tls.Server` or `https.Server`. Open connections keep the certificate with which they began. */
  keepFresh(server: { setSecureContext(options: CertificateOptions): void }): void {
    this.renewed.push((options) => server.setSecureContext(options));
    this.watch();
  }

  /** Calls `listener` after each change of the files, even when the new files were not accepted. */
  onRenewal(listener: (renewal: Renewal) => void): void {
    this.renewalListeners.push(listener);
  }

  /** Loads the files again if they have changed. */
  reload(): void {
    const state = stateOf(this.files);
    if (state === this.seen) return;
    try {
      this.current = read(this.files, this.names);
    } catch (error) {
      // Reports an error only once until the files change. The next check reads the files again, because one of the two files is perhaps
      // not written yet.
      if (this.refused !== state) this.notifyListeners({ validUntil: this.validUntil, error: error as Error });
      this.refused = state;
      return;
    }
    this.seen = state;
    for (const renew of this.renewed) renew(this.current);
    this.notifyListeners({ validUntil: this.validUntil });
  }

  private notifyListeners(renewal: Renewal): void {
    for (const listener of this.renewalListeners) listener(renewal);
  }

  private watch(): void {
    if (this.polling) return;
    this.polling = setInterval(() => this.reload(), this.pollMs);
    this.polling.unref();
  }
}

/**
 * Returns the certificate that the settings name, or null when they name none. Does not check whether the certificate has a key, because
 * `readSettings` checks it.
 */
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

/**
 * Reads and checks the files.
 *
 * @throws an error that names the setting and the problem
 */
export function read(files: CertificateFiles, names: CertificateNames): CertificateOptions {
  const cert = contentOf('cert', files.cert, names);
  const key = contentOf('key', files.key, names);
  const ca = files.ca == null ? undefined : readTrusted(files.ca, names);
  mustBeCertificate('cert', files.cert, cert, names);
  if (!isKey(key))
    throw new Error(`${names.key} is ${JSON.stringify(files.key)}, which contains no private key in PEM form without a passphrase`);
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

/**
 * Reads and checks the file of trusted certificates.
 *
 * @throws an error that names the setting and the problem
 */
export function readTrusted(ca: string, names: CertificateNames): Buffer {
  const content = contentOf('ca', ca, names);
  mustBeCertificate('ca', ca, content, names);
  return content;
}

function mustBeCertificate(file: 'cert' | 'ca', path: string, content: Buffer, names: CertificateNames): void {
  if (!isCertificate(content)) throw new Error(`${names[file]} is ${JSON.stringify(path)}, which contains no certificate in PEM form`);
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
  ENOENT: 'the file does not exist',
  EACCES: 'this process has no permission to read it',
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

/** Returns a text that changes when any of the files changes. Symbolic links are followed. */
export function stateOf({ cert, key, ca }: { readonly [File in keyof CertificateFiles]?: string | null }): string {
  return [cert ?? '', key ?? '', ca ?? '']
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

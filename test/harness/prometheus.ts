import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/process/free-port.mjs';
import { ended, spawnLeashed } from '../../tools/process/leashed.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';
import { findPrometheus } from '../../tools/prometheus/find-prometheus.mjs';

const STOP_MS = 10_000;
const RULES = join(ROOT, 'deploy/prometheus/holdfast.rules.yml');

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string };
  readonly state: 'pending' | 'firing';
}

/** A real Prometheus that scrapes servers of a fleet once a second. It uses the rules of `deploy/` with shorter times. */
export class Prometheus {
  private constructor(
    private readonly url: string,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {}

  /** @param targets the addresses of ops ports, such as `127.0.0.1:9100` */
  static async start(targets: readonly string[]): Promise<Prometheus> {
    const found = await findPrometheus('prometheus');
    if ('missing' in found) throw new Error(found.missing);
    const home = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'));
    await writeFile(join(home, 'rules.yml'), fastMotion(await readFile(RULES, 'utf8')));
    await writeFile(
      join(home, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '500ms' },
        rule_files: ['rules.yml'],
        scrape_configs: [{ job_name: 'holdfast', file_sd_configs: [{ files: ['targets.json'] }] }],
      }),
    );
    await setTargets(home, targets);
    const port = await freePort();
    const flags = [`--config.file=${home}/prometheus.yml`, `--storage.tsdb.path=${home}/data`, `--web.listen-address=127.0.0.1:${port}`];
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, spawnLeashed(found.command, flags, { cwd: home, env: found.env }), home);
    await until(async () => (await fetch(`${prometheus.url}/-/ready`).catch(() => null))?.ok, 20_000);
    return prometheus;
  }

  /** Scrapes these targets from now on. */
  async scrape(targets: readonly string[]): Promise<void> {
    await setTargets(this.home, targets);
  }

  /** Returns the alerts that fire now. */
  async firing(): Promise<Alert[]> {
    const answer = (await (await fetch(`${this.url}/api/v1/alerts`)).json()) as { data: { alerts: Alert[] } };
    return answer.data.alerts.filter(({ state }) => state === 'firing');
  }

  /**
   * Returns the first value of the result of an expression. Null: the result is empty.
   *
   * @throws when Prometheus refuses the expression
   */
  async value(expression: string): Promise<number | null> {
    const answer = (await (await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`)).json()) as {
      status: 'success' | 'error';
      error?: string;
      data: { result: { value: [number, string] }[] };
    };
    if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
    const sample = answer.data.result[0];
    return sample ? Number(sample.value[1]) : null;
  }

  /** Returns how often Prometheus has evaluated the rules. */
  async evaluations(): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^prometheus_rule_group_iterations_total\{.*\} (\S+)$/m.exec(text)?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await ended(this.child, STOP_MS);
    await rm(this.home, { recursive: true, force: true });
  }
}

/**
 * Writes the file that Prometheus watches. Writes a temporary file first and renames it, so that Prometheus never reads an incomplete file.
 */
async function setTargets(home: string, targets: readonly string[]): Promise<void> {
  await writeFile(join(home, 'targets.new'), JSON.stringify([{ targets }]));
  await rename(join(home, 'targets.new'), join(home, 'targets.json'));
}

/** Shortens all times in the rules. Each `for` becomes one second, and each window of minutes becomes 8 seconds. */
function fastMotion(rules: string): string {
  return rules.replace(/for: \d+[ms]/g, 'for: 1s').replace(/\[\d+m\]/g, '[8s]');
}

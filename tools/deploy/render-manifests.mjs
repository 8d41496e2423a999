import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../process/paths.mjs';
import { findHelm } from './find-helm.mjs';

const run = promisify(execFile);

export const CHART = join(ROOT, 'deploy/helm/holdfast');
export const MANIFESTS = join(ROOT, 'deploy/kubernetes');
export const RULES = join(ROOT, 'deploy/prometheus/holdfast.rules.yml');
export const RULES_OF_CHART = join(CHART, 'files/holdfast.rules.yml');

/** The files of `deploy/kubernetes`, with the values from which the chart renders each. */
export const PLAIN = {
  'holdfast.yaml': [],
  'holdfast-with-operators.yaml': ['autoscaling.enabled=true', 'monitoring.podMonitor=true', 'monitoring.prometheusRule=true'],
};

/**
 * Renders the chart.
 *
 * @param {readonly string[]} values such as `gateway.replicas=2`; JSON after `:=` for other values than texts, numbers and booleans
 * @param {string} [chart] the folder of the chart
 * @returns {Promise<string>} YAML
 * @throws with the message of Helm when a value is wrong
 */
export async function renderChart(values, chart = CHART) {
  const helm = await findHelm();
  if ('missing' in helm) throw new Error(helm.missing);
  const flags = values.flatMap((value) => (value.includes(':=') ? ['--set-json', value.replace(':=', '=')] : ['--set', value]));
  const argv = ['template', 'holdfast', chart, '--namespace', 'holdfast', ...flags];
  const { stdout } = await run(helm.command, argv, { maxBuffer: 16 << 20 });
  return stdout;
}

/** Returns one file of `deploy/kubernetes`. @param {keyof typeof PLAIN} name */
export async function renderPlain(name) {
  const values = PLAIN[name].map((value) => ` --set ${value}`).join('');
  const head = [
    `# Rendered from the chart: helm template holdfast deploy/helm/holdfast --namespace holdfast${values}`,
    '# Do not edit. Create the namespace and the Secret first: docs/deploying.md.',
  ];
  return `${head.join('\n')}\n${await renderChart(PLAIN[name])}`;
}

/** Copies the alerts into the chart, and writes `deploy/kubernetes`. */
export async function writeManifests() {
  await copyFile(RULES, RULES_OF_CHART);
  await mkdir(MANIFESTS, { recursive: true });
  for (const name of /** @type {(keyof typeof PLAIN)[]} */ (Object.keys(PLAIN)))
    await writeFile(join(MANIFESTS, name), await renderPlain(name));
}

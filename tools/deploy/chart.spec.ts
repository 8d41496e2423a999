import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ServerType } from '#libs/protocol';
import { readSettings } from '#libs/settings';
import { CASES, EGRESS, TYPES } from './chart-cases.fixture.js';
import { secretVariables, variablesOf } from './known-variables.fixture.js';
import { CHART, MANIFESTS, PLAIN, RULES, RULES_OF_CHART, renderChart, renderPlain } from './render-manifests.mjs';
import { type Resource, typeErrorsOf } from './resource-types.fixture.js';

const TIMEOUT_MS = 240_000;
const SECRET = 'a secret of more than 32 characters';

function parse(yaml: string): Resource[] {
  return parseAllDocuments(yaml)
    .map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Resource | null;
    })
    .filter((resource): resource is Resource => resource !== null);
}

const rendered = new Map<string, Resource[]>();
const resourcesOf = (name: string) => rendered.get(name) as Resource[];
const every = () => [...rendered.values()].flat();

/** Returns the resource that runs a type of server, the template of its pods, and the container of the server. */
function workloadOf(resources: readonly Resource[], type: ServerType) {
  const workload = resources.find(
    ({ kind, metadata }) => /^(Deployment|StatefulSet|Fleet)$/.test(kind) && metadata.name.endsWith(`-${type}`),
  );
  if (!workload) throw new Error(`No resource runs the type ${type}`);
  const pod = workload.kind === 'Fleet' ? workload.spec.template.spec.template : workload.spec.template;
  return { workload, pod, server: pod.spec.containers[0] };
}

/** Returns the environment of the container. A variable that Kubernetes sets at runtime gets an example address. */
function environmentOf(server: { env: { name: string; value?: string }[] }): Record<string, string> {
  return Object.fromEntries(server.env.map(({ name, value }) => [name, value ?? '10.0.0.1']));
}

/** Returns a valid content of the file that a variable names. */
const contentOf = (fileVariable: string) => (fileVariable === 'REDIS_URL_FILE' ? 'redis://redis:6379' : SECRET);

beforeAll(async () => {
  for (const [name, values] of Object.entries(CASES)) rendered.set(name, parse(await renderChart(values)));
}, TIMEOUT_MS);

describe('the chart', () => {
  it(
    'renders only resources that match the types of Kubernetes, KEDA and the Prometheus Operator',
    () => expect(typeErrorsOf(every())).toEqual([]),
    TIMEOUT_MS,
  );

  it(
    'fails the type check when a resource has an unknown field',
    () => {
      const { workload } = workloadOf(resourcesOf('default'), 'gateway');
      const wrong = structuredClone(workload);
      wrong.spec.template.spec.containers[0].imagePulPolicy = 'Always';
      expect(typeErrorsOf([wrong])).toEqual([expect.stringContaining('imagePulPolicy')]);
    },
    TIMEOUT_MS,
  );

  it('renders only the optional parts that are enabled', () => {
    const kinds = (name: string) => [...new Set(resourcesOf(name).map(({ kind }) => kind))].sort();
    const always = ['Deployment', 'Service', 'StatefulSet'];
    expect(kinds('no optional part')).toEqual(always);
    expect(kinds('default')).toEqual([...always, 'NetworkPolicy', 'PodDisruptionBudget'].sort());
    expect(kinds('all optional parts')).toEqual([...kinds('default'), 'PodMonitor', 'PrometheusRule', 'ScaledObject'].sort());
    expect(kinds('Agones')).toEqual(['Deployment', 'Fleet', 'NetworkPolicy', 'PodDisruptionBudget', 'Service']);
  });

  it('gives each server only settings that the server knows and accepts', () => {
    for (const name of Object.keys(CASES))
      for (const type of TYPES) {
        const environment = environmentOf(workloadOf(resourcesOf(name), type).server);
        const known = variablesOf(type);
        const fixed = Object.keys(environment).filter((variable) => !known.has(variable));
        expect([name, type, fixed]).toEqual([name, type, []]);
        // Replaces each `NAME_FILE` by `NAME` with a valid value, because the mounted files exist only in a cluster.
        const plain = Object.entries(environment).map(([variable, value]) => [
          variable.replace(/_FILE$/, ''),
          variable.endsWith('_FILE') ? contentOf(variable) : value,
        ]);
        expect(() => readSettings(type, Object.fromEntries(plain))).not.toThrow();
      }
  });

  it('prefers a setting for one type to the setting for all types, even when its value is false, 0 or an empty text', () => {
    const valuesOf = (type: ServerType) => {
      const { server } = workloadOf(resourcesOf('settings of one type that override those of all types'), type);
      const { CANARY, DURABILITY_REPLICAS, REGION } = environmentOf(server);
      return [CANARY, DURABILITY_REPLICAS, REGION];
    };
    expect(valuesOf('gateway')).toEqual(['false', '0', '']);
    for (const type of ['lobby', 'game'] as const) expect(valuesOf(type)).toEqual(['true', '1', 'eu']);
  });

  it('writes a large number of a values file without an exponent', () => {
    const { server } = workloadOf(resourcesOf('a large number'), 'game');
    expect(environmentOf(server).ROOM_STATE_BYTES_MAX).toBe('1500000');
  });

  it('runs each type of server with its own tag or the common tag, and sets SERVER_BUILD to the tag', () => {
    const builds = TYPES.map((type) => {
      const { server } = workloadOf(resourcesOf('nodes'), type);
      return [server.image, environmentOf(server).SERVER_BUILD];
    });
    const image = 'registry.example.org/game';
    expect(builds).toEqual([
      [`${image}:1.2.3`, '1.2.3'],
      [`${image}:1.2.3`, '1.2.3'],
      [`${image}:1.2.4`, '1.2.4'],
    ]);
    const own = TYPES.map((type) => workloadOf(resourcesOf('a tag of each type'), type).server.image);
    expect(own).toEqual(['holdfast:2.0.0', 'holdfast:2.0.1', 'holdfast:2.0.2']);
  });

  it('renders the same templates of pods when only the version of the chart changes, so that no server restarts', async () => {
    const newer = mkdtempSync(join(tmpdir(), 'holdfast-chart-'));
    cpSync(CHART, newer, { recursive: true });
    const file = join(newer, 'Chart.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^(version|appVersion): .*$/gm, '$1: 99.0.0'));
    for (const values of [[], ['agones.enabled=true']]) {
      const [now, later] = await Promise.all([CHART, newer].map((chart) => renderChart(['image.tag=1.2.3', ...values], chart)));
      const podsOf = (yaml: string) => TYPES.map((type) => workloadOf(parse(yaml), type).workload.spec.template);
      expect(later).not.toBe(now);
      expect(podsOf(later as string)).toEqual(podsOf(now as string));
    }
    rmSync(newer, { recursive: true });
  });

  it('declares for each container the ports in the settings of its server', () => {
    for (const type of TYPES) {
      const { server } = workloadOf(resourcesOf('default'), type);
      const environment = environmentOf(server);
      const ports = Object.fromEntries(
        server.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [name, String(containerPort)]),
      );
      expect(ports).toEqual({
        link: environment.LINK_PORT,
        ops: environment.OPS_PORT,
        ...(type === 'gateway' && { players: environment.PUBLIC_PORT, 'players-tcp': environment.TCP_PORT }),
      });
    }
  });

  it('mounts each secret as a file only into servers that need the secret, and contains no secret in plain text', () => {
    const filesOf = (type: ServerType) => {
      const { pod, server } = workloadOf(resourcesOf('all secrets'), type);
      const [mount] = server.volumeMounts;
      const items = pod.spec.volumes[0].secret.items.map(({ path }: { path: string }) => `${mount.mountPath}/${path}`);
      const files = Object.entries(environmentOf(server)).filter(([variable]) => variable.endsWith('_FILE'));
      expect(files.map(([, path]) => path).sort()).toEqual(items.sort());
      return files.map(([variable]) => variable).sort();
    };
    expect(filesOf('gateway')).toEqual([
      'ADMIN_TOKEN_FILE',
      'AUTH_JWT_SECRET_FILE',
      'LINK_SECRET_FILE',
      'REDIS_PASSWORD_FILE',
      'VIEWER_TOKEN_FILE',
    ]);
    expect(filesOf('lobby')).toEqual(['LINK_SECRET_FILE', 'REDIS_PASSWORD_FILE', 'SERVICE_TOKEN_FILE']);
    expect(filesOf('game')).toEqual(['LINK_SECRET_FILE', 'REDIS_PASSWORD_FILE']);
    const secrets = secretVariables();
    expect(every().filter(({ kind }) => kind === 'Secret')).toEqual([]);
    for (const name of Object.keys(CASES))
      for (const type of TYPES)
        expect(Object.keys(environmentOf(workloadOf(resourcesOf(name), type).server)).filter((one) => secrets.has(one))).toEqual([]);
  });

  it('mounts the Secret with the address of Redis as a file that Kubernetes updates, instead of setting REDIS_URL', () => {
    for (const type of TYPES) {
      const { pod, server } = workloadOf(resourcesOf('the address of Redis in a Secret'), type);
      const { REDIS_URL, REDIS_URL_FILE = '' } = environmentOf(server);
      expect(REDIS_URL).toBeUndefined();
      const mount = server.volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === dirname(REDIS_URL_FILE));
      // Kubernetes never updates a file that is mounted with `subPath`, so the mount must not have a `subPath`.
      expect(mount).toEqual({ name: expect.any(String), mountPath: dirname(REDIS_URL_FILE), readOnly: true });
      const { secret } = pod.spec.volumes.find(({ name }: { name: string }) => name === mount.name);
      expect(secret).toMatchObject({ secretName: 'redis-address', items: [{ key: 'url', path: basename(REDIS_URL_FILE) }] });
    }
  });

  it('gives a stopping server more time than its drain takes', () => {
    for (const name of Object.keys(CASES)) {
      const { pod, server } = workloadOf(resourcesOf(name), 'game');
      expect(pod.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(
        Number(environmentOf(server).DRAIN_TIMEOUT_MS) + 10_000,
      );
      const gateway = workloadOf(resourcesOf(name), 'gateway');
      const [, seconds] = gateway.server.lifecycle.preStop.exec.command;
      expect(gateway.pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 20);
    }
  });

  it('runs each container as an unprivileged user without capabilities, on a read-only file system', () => {
    for (const name of Object.keys(CASES))
      for (const type of TYPES) {
        const { pod } = workloadOf(resourcesOf(name), type);
        expect(pod.spec.securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: 1_000,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const { securityContext, resources } of pod.spec.containers) {
          expect(securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(resources.requests).toBeDefined();
        }
      }
  });

  it('never uses /readyz for liveness', () => {
    for (const type of TYPES) {
      const { server } = workloadOf(resourcesOf('default'), type);
      expect([server.startupProbe, server.livenessProbe, server.readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
        '/livez',
        '/livez',
        '/readyz',
      ]);
    }
  });

  it('has only selectors that select the pods of the right types', () => {
    for (const name of Object.keys(CASES)) {
      const resources = resourcesOf(name);
      const labels = Object.fromEntries(TYPES.map((type) => [type, workloadOf(resources, type).pod.metadata.labels]));
      const selected = (selector: Record<string, string>) =>
        TYPES.filter((type) => Object.entries(selector).every(([key, value]) => labels[type][key] === value));
      for (const type of TYPES) {
        const { workload } = workloadOf(resources, type);
        if (workload.kind !== 'Fleet') expect(selected(workload.spec.selector.matchLabels)).toEqual([type]);
      }
      for (const { kind, metadata, spec } of resources) {
        const type = TYPES.find((one) => metadata.name.endsWith(`-${one}`)) ?? 'gateway';
        if (kind === 'Service') expect(selected(spec.selector)).toEqual([type]);
        if (kind === 'PodDisruptionBudget') expect(selected(spec.selector.matchLabels)).toEqual([type]);
        if (kind === 'NetworkPolicy') expect(selected(spec.podSelector.matchLabels)).toEqual([type]);
        if (kind === 'PodMonitor') expect(selected(spec.selector.matchLabels)).toEqual([...TYPES]);
      }
    }
  });

  it('adds the rules of `networkPolicy.egress` to the policies of all types', () => {
    const egressOf = (name: string) => resourcesOf(name).flatMap(({ kind, spec }) => (kind === 'NetworkPolicy' ? [spec.egress] : []));
    expect(egressOf('default')).toHaveLength(TYPES.length);
    expect(egressOf('a receiver of traces')).toEqual(egressOf('default').map((rules) => [...rules, EGRESS]));
  });

  it('lets KEDA scale only the game servers, to the number that the gateways report', () => {
    const resources = resourcesOf('all optional parts');
    const scaled = resources.find(({ kind }) => kind === 'ScaledObject') as Resource;
    const { workload } = workloadOf(resources, 'game');
    expect(scaled.spec.scaleTargetRef).toEqual({ apiVersion: workload.apiVersion, kind: workload.kind, name: workload.metadata.name });
    expect(workload.spec).not.toHaveProperty('replicas');
    expect(scaled.spec).toMatchObject({ minReplicaCount: 3, maxReplicaCount: 30 });
    expect(scaled.spec.triggers[0].metadata).toMatchObject({
      serverAddress: 'http://prometheus.metrics:9090',
      query: 'max(holdfast_wanted_game_servers{namespace="holdfast"})',
      threshold: '1',
    });
  });

  it('renders a PrometheusRule with the rules of deploy/prometheus', () => {
    expect(readFileSync(RULES_OF_CHART, 'utf8')).toBe(readFileSync(RULES, 'utf8'));
    const rule = resourcesOf('all optional parts').find(({ kind }) => kind === 'PrometheusRule') as Resource;
    expect(rule.spec).toEqual(parse(readFileSync(RULES, 'utf8'))[0]);
  });
});

describe('the folder deploy/kubernetes', () => {
  it.each(Object.keys(PLAIN) as (keyof typeof PLAIN)[])(
    'contains the current output of the chart in %s (node tools/deploy/run.mjs)',
    async (name) => {
      expect(readFileSync(join(MANIFESTS, name), 'utf8')).toBe(await renderPlain(name));
    },
  );
});

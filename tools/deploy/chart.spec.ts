import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { type ServerType } from '#libs/protocol';
import { readSettings } from '#libs/settings';
import { secretVariables, variablesOf } from './known-variables.fixture.js';
import { CHART, MANIFESTS, PLAIN, RULES, RULES_OF_CHART, renderChart, renderPlain } from './render-manifests.mjs';

const ROOT = join(__dirname, '../..');
const TIMEOUT_MS = 240_000;
const SECRET = 'a secret of more than 32 characters';
const TYPES = ['gateway', 'lobby', 'game'] as const satisfies readonly ServerType[];

/** An egress rule for the receiver of traces. */
const EGRESS = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
  ports: [{ port: 4_318, protocol: 'TCP' }],
};

/** Values that switch each part of the chart on or off, and change each of its values. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  'all optional parts': [
    'autoscaling.enabled=true',
    'monitoring.podMonitor=true',
    'monitoring.prometheusRule=true',
    'monitoring.labels.release=prometheus',
  ],
  'no optional part': ['podDisruptionBudget.enabled=false', 'topologySpread.enabled=false', 'networkPolicy.enabled=false'],
  Agones: ['agones.enabled=true'],
  'all secrets': [
    'secrets.name=mine',
    ...['linkSecret', 'adminToken', 'viewerToken', 'authJwtSecret', 'serviceToken', 'redisPassword'].map(
      (key) => `secrets.keys.${key}=${key}`,
    ),
    'redis.user=holdfast',
    'redis.url=rediss://redis.data:6380',
  ],
  'a load balancer': [
    'gateway.service.type=LoadBalancer',
    'gateway.service.annotations:={"example.org/kind":"network"}',
    'gateway.preStopSeconds=15',
  ],
  'settings of each type': [
    'settings.LOG_LEVEL=debug',
    'secrets.keys.authJwtSecret=',
    'gateway.settings.AUTH_JWKS_URL=https://login.example.org/keys',
    'lobby.settings.MATCH_WAIT_MS=5000',
    'game.settings.CANARY=true',
    'game.maxGames=1000000',
    'game.drainTimeoutMs=120000',
    'game.terminationGracePeriodSeconds=180',
  ],
  'settings of one type that override those of all types': [
    'settings.CANARY=true',
    'settings.DURABILITY_REPLICAS=1',
    'settings.REGION=eu',
    'gateway.settings.CANARY=false',
    'gateway.settings.DURABILITY_REPLICAS=0',
    'gateway.settings.REGION=',
  ],
  'a large number': ['settings:={"ROOM_STATE_BYTES_MAX":1500000}'],
  'the address of Redis in a Secret': ['redis.urlSecret=redis-address'],
  'a receiver of traces': [
    'settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.monitoring:4318',
    `networkPolicy.egress:=[${JSON.stringify(EGRESS)}]`,
  ],
  'peers of policies': [
    'networkPolicy.players:=[{"ipBlock":{"cidr":"10.0.0.0/8"}}]',
    'networkPolicy.operators:=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]',
    'networkPolicy.redis:=[{"podSelector":{"matchLabels":{"app":"redis"}}}]',
    'networkPolicy.redisPort=26379',
  ],
  nodes: [
    'image.repository=registry.example.org/game',
    'image.tag=1.2.3',
    'game.tag=1.2.4',
    'image.pullPolicy=Always',
    'imagePullSecrets:=[{"name":"registry"}]',
    'nodeSelector.pool=games',
    'tolerations:=[{"key":"games","operator":"Exists"}]',
    'podAnnotations.note=x',
    'topologySpread.topologyKeys:=["kubernetes.io/hostname"]',
    'podDisruptionBudget.maxUnavailable=2',
    ...TYPES.flatMap((type) => [`${type}.replicas=7`, `${type}.resources:={"requests":{"cpu":"2"}}`]),
  ],
};

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the types of Kubernetes check the whole resource in a test of their own
  readonly [key: string]: any;
}

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
        // Replaces each file by a value, because only a cluster mounts the files.
        const plain = Object.entries(environment).map(([variable, value]) => [
          variable.replace(/_FILE$/, ''),
          variable.endsWith('_FILE') ? contentOf(variable) : value,
        ]);
        expect(() => readSettings(type, Object.fromEntries(plain))).not.toThrow();
      }
  });

  it('lets a setting of one type override that of all types, even with the value false, 0 or an empty text', () => {
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

  it('runs each type of server with its own tag or the common tag, and shows the tag as the build', () => {
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
      // Has no `subPath`, because Kubernetes never updates a file that is mounted by one.
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

  it('adds the rules of networkPolicy.egress to the policies of all types', () => {
    const egressOf = (name: string) => resourcesOf(name).flatMap(({ kind, spec }) => (kind === 'NetworkPolicy' ? [spec.egress] : []));
    expect(egressOf('default')).toHaveLength(TYPES.length);
    expect(egressOf('a receiver of traces')).toEqual(egressOf('default').map((rules) => [...rules, EGRESS]));
  });

  it('lets KEDA scale only the game servers, to the number that the gateways want', () => {
    const resources = resourcesOf('all optional parts');
    const scaled = resources.find(({ kind }) => kind === 'ScaledObject') as Resource;
    const { workload } = workloadOf(resources, 'game');
    expect(scaled.spec.scaleTargetRef).toEqual({ apiVersion: workload.apiVersion, kind: workload.kind, name: workload.metadata.name });
    expect(workload.spec).not.toHaveProperty('replicas');
    expect(scaled.spec.triggers[0].metadata).toMatchObject({
      query: 'max(holdfast_wanted_game_servers{namespace="holdfast"})',
      threshold: '1',
    });
  });

  it('renders a PrometheusRule with the rules of deploy/prometheus', () => {
    expect(readFileSync(RULES_OF_CHART, 'utf8')).toBe(readFileSync(RULES, 'utf8'));
    const rule = resourcesOf('all optional parts').find(({ kind }) => kind === 'PrometheusRule') as Resource;
    expect(rule.spec).toEqual(parse(readFileSync(RULES, 'utf8'))[0]);
  });

  it.each([
    ['an unknown value', 'gateway.replcias=3', 'replcias'],
    ['a secret in plain text', 'settings.LINK_SECRET=visible', 'LINK_SECRET'],
    ['a password in the URL of Redis', 'redis.url=redis://user:password@redis:6379', 'redis'],
    ['a file with the address of Redis that comes from no Secret', 'settings.REDIS_URL_FILE=/tmp/url', 'REDIS_URL_FILE'],
    ['no replica', 'gateway.replicas=0', 'replicas'],
    [
      'a grace period that is shorter than the drain',
      'game.drainTimeoutMs=55000',
      'terminationGracePeriodSeconds must be at least 10 s more',
    ],
  ])('refuses %s', async (_, value, message) => {
    await expect(renderChart([value])).rejects.toThrow(message);
  });

  it('refuses autoscaling by KEDA for a Fleet of Agones', async () => {
    await expect(renderChart(['agones.enabled=true', 'autoscaling.enabled=true'])).rejects.toThrow(
      'set agones.enabled or autoscaling.enabled to false',
    );
  });

  it('refuses each secret of the settings in plain text', () => {
    const { definitions } = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
    const [{ enum: refused }] = definitions.settings.propertyNames.not.anyOf;
    expect(refused.toSorted()).toEqual([...secretVariables()].toSorted());
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

/**
 * The modules with the types of the resources, by API version. No package has the types of Agones, so the test checks only the template of
 * its pods.
 */
const IMPORTS: Readonly<Record<string, string>> = {
  'apps/v1': 'kubernetes-models/apps/v1',
  v1: 'kubernetes-models/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};

/** Compiles the resources as literals of their types: TypeScript then refuses unknown fields at any depth. */
function typeErrorsOf(resources: readonly Resource[]): string[] {
  const file = join(ROOT, 'tools/deploy/rendered-resources.ts');
  const lines = resources.map((resource, index) => {
    const [source, kind, value] =
      resource.kind === 'Fleet'
        ? ['kubernetes-models/v1', 'IPodTemplateSpec', resource.spec.template.spec.template]
        : [IMPORTS[resource.apiVersion], `I${resource.kind}`, resource];
    return `export const r${index}: import('${source}').${kind} = ${JSON.stringify(value)};`;
  });
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  const text = lines.join('\n');
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

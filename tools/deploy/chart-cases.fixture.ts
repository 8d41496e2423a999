import type { ServerType } from '#libs/protocol';

export const TYPES = ['gateway', 'lobby', 'game'] as const satisfies readonly ServerType[];

/** An egress rule for the receiver of traces. */
export const EGRESS = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
  ports: [{ port: 4_318, protocol: 'TCP' }],
};

/**
 * Values for `renderChart`, by the name of the case. Together they switch each part of the chart on or off, and change each of its values.
 */
export const CASES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  'all optional parts': [
    'autoscaling.enabled=true',
    'autoscaling.minReplicas=3',
    'autoscaling.maxReplicas=30',
    'autoscaling.prometheusAddress=http://prometheus.metrics:9090',
    'monitoring.podMonitor=true',
    'monitoring.prometheusRule=true',
    'monitoring.interval=15s',
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
    'gateway.settings.AUTH=guest',
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
  'a tag of each type': TYPES.map((type, index) => `${type}.tag=2.0.${index}`),
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
    ...TYPES.flatMap((type) => [
      `${type}.replicas=7`,
      `${type}.terminationGracePeriodSeconds=90`,
      `${type}.resources:={"requests":{"cpu":"2"}}`,
    ]),
  ],
};

{{- define "holdfast.name" -}}
{{- if contains "holdfast" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-holdfast" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{- /* Labels that select the pods of a fleet. With a type: those of one type of server. */ -}}
{{- define "holdfast.selector" -}}
app.kubernetes.io/name: holdfast
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .type }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "holdfast.labels" -}}
{{ include "holdfast.selector" . }}
app.kubernetes.io/part-of: holdfast
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- /* Labels of the pods of one type. They contain no version of the chart, so that a newer chart alone restarts no server. */ -}}
{{- define "holdfast.podLabels" -}}
{{ include "holdfast.selector" . }}
app.kubernetes.io/part-of: holdfast
app.kubernetes.io/version: {{ include "holdfast.tag" . | quote }}
{{- end -}}

{{- define "holdfast.tag" -}}
{{ (index .root.Values .type).tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- define "holdfast.image" -}}
{{ .root.Values.image.repository }}:{{ include "holdfast.tag" . }}
{{- end -}}

{{- define "holdfast.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* The secrets that a type of server reads, as lines "SETTING key". */ -}}
{{- define "holdfast.secrets" -}}
{{- $keys := .root.Values.secrets.keys -}}
LINK_SECRET {{ $keys.linkSecret }}
{{- with $keys.redisPassword }}
REDIS_PASSWORD {{ . }}
{{- end }}
{{- if eq .type "gateway" }}
ADMIN_TOKEN {{ $keys.adminToken }}
{{- with $keys.viewerToken }}
VIEWER_TOKEN {{ . }}
{{- end }}
{{- with $keys.authJwtSecret }}
AUTH_JWT_SECRET {{ . }}
{{- end }}
{{- end }}
{{- if eq .type "lobby" }}
{{- with $keys.serviceToken }}
SERVICE_TOKEN {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /*
The environment of a server. Secrets are files. The settings of the type override those of all types, which override those of the chart. The
function `merge` would ignore the values false, 0 and "" of a type. Numbers of a values file are floats: `toJson` writes them without an exponent.
*/ -}}
{{- define "holdfast.environment" -}}
{{- $values := index .root.Values .type -}}
- name: SERVER_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: LINK_HOST
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: OPS_HOST
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- $variables := dict "LINK_PORT" "7020" "OPS_PORT" "7010" "LOG_FORMAT" "json" "SERVER_BUILD" (include "holdfast.tag" .) -}}
{{- if .root.Values.redis.urlSecret }}{{ $_ := set $variables "REDIS_URL_FILE" "/run/secrets/redis/url" -}}
{{- else }}{{ $_ := set $variables "REDIS_URL" .root.Values.redis.url }}{{ end -}}
{{- with .root.Values.redis.user }}{{ $_ := set $variables "REDIS_USER" . }}{{ end -}}
{{- if eq .type "gateway" }}{{ $_ := set $variables "PUBLIC_PORT" "7000" }}{{ $_ := set $variables "TCP_PORT" "7001" }}{{ end -}}
{{- if eq .type "game" }}
{{- $_ := set $variables "MAX_GAMES" (.root.Values.game.maxGames | int | toString) }}
{{- $_ := set $variables "DRAIN_TIMEOUT_MS" (.root.Values.game.drainTimeoutMs | int | toString) }}
{{- end -}}
{{- range $line := splitList "\n" (include "holdfast.secrets" .) }}
{{- $parts := splitList " " $line }}
{{- $_ := set $variables (printf "%s_FILE" (first $parts)) (printf "/run/secrets/holdfast/%s" (last $parts)) }}
{{- end }}
{{- range list .root.Values.settings $values.settings }}
{{- range $name, $value := . }}{{ $_ := set $variables $name $value }}{{ end }}
{{- end }}
{{- range $name, $value := $variables }}
- name: {{ $name }}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end -}}

{{- define "holdfast.probes" -}}
{{- /* Liveness is never /readyz: that one fails while Redis does not answer, and a restart of all servers would make it worse. */ -}}
startupProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: ops }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end -}}

{{- /* The template of a pod of one type of server: its metadata and its spec. */ -}}
{{- define "holdfast.pod" -}}
{{- $values := index .root.Values .type -}}
metadata:
  labels:
    {{- include "holdfast.podLabels" . | nindent 4 }}
  {{- with .root.Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: {{ .root.Values.agones.enabled | and (eq .type "game") }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    seccompProfile:
      type: RuntimeDefault
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .root.Values.topologySpread.enabled }}
  topologySpreadConstraints:
    {{- range .root.Values.topologySpread.topologyKeys }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "holdfast.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .type }}
      image: {{ include "holdfast.image" . | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [dist/apps/{{ .type }}/src/main.js]
      env:
        {{- include "holdfast.environment" . | nindent 8 }}
      ports:
        - { name: link, containerPort: 7020 }
        - { name: ops, containerPort: 7010 }
        {{- if eq .type "gateway" }}
        - { name: players, containerPort: 7000 }
        - { name: players-tcp, containerPort: 7001 }
        {{- end }}
      {{- include "holdfast.probes" . | nindent 6 }}
      {{- if eq .type "gateway" }}
      lifecycle:
        preStop:
          exec:
            command: [sleep, {{ $values.preStopSeconds | toString | quote }}]
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- include "holdfast.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: secrets, mountPath: /run/secrets/holdfast, readOnly: true }
        {{- if .root.Values.redis.urlSecret }}
        - { name: redis-url, mountPath: /run/secrets/redis, readOnly: true }
        {{- end }}
    {{- if .root.Values.agones.enabled | and (eq .type "game") }}
    # Tells the sidecar of Agones that the server is ready and lives.
    - name: agones
      image: {{ include "holdfast.image" . | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: [holdfast-agones]
      env:
        - name: OPS_HOST
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        - name: OPS_PORT
          value: "7010"
      resources:
        requests: { cpu: 10m, memory: 16Mi }
        limits: { memory: 32Mi }
      securityContext:
        {{- include "holdfast.containerSecurity" . | nindent 8 }}
    {{- end }}
  volumes:
    - name: secrets
      secret:
        secretName: {{ .root.Values.secrets.name }}
        defaultMode: 0440
        items:
          {{- range $line := splitList "\n" (include "holdfast.secrets" .) }}
          - { key: {{ last (splitList " " $line) }}, path: {{ last (splitList " " $line) }} }
          {{- end }}
    {{- with .root.Values.redis.urlSecret }}
    - name: redis-url
      secret:
        secretName: {{ . }}
        defaultMode: 0440
        items:
          - { key: url, path: url }
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

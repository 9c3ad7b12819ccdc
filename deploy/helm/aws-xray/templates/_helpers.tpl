{{- define "aws-xray.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "aws-xray.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 57 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 57 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 57 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Selectors cannot change in an upgrade, so these two are final. They are the okgolove chart's. */}}
{{- define "aws-xray.selectorLabels" -}}
app.kubernetes.io/name: {{ include "aws-xray.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aws-xray.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "aws-xray.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with omit .Values.commonLabels "helm.sh/chart" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "aws-xray.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "aws-xray.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "aws-xray.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with .Values.global.imageRegistry -}}
{{- $first := first (splitList "/" $repository) -}}
{{- if or (contains "." $first) (contains ":" $first) (eq $first "localhost") -}}
{{- $repository = trimPrefix (printf "%s/" $first) $repository -}}
{{- end -}}
{{- $repository = printf "%s/%s" . $repository -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion (toString .Values.image.tag)) -}}
{{- end -}}
{{- end -}}

{{/* cfg.yaml: the keys of aws-xray-daemon that have a value. xrayd reads an empty key as "not set", but other daemons read it as set. */}}
{{- define "aws-xray.config" -}}
{{- $xray := .Values.xray -}}
{{- $address := printf "%s:%v" $xray.bindHost $xray.containerPort -}}
{{- $config := dict "Version" 2 "Socket" (dict "UDPAddress" $address "TCPAddress" $address) -}}
{{- $isLocal := eq .Values.mode "local" -}}
{{- with $xray.region | default (ternary "us-east-1" "" $isLocal) }}{{ $_ := set $config "Region" . }}{{ end -}}
{{- with $xray.roleArn }}{{ $_ := set $config "RoleARN" . }}{{ end -}}
{{- with $xray.endpoint | default (ternary (include "aws-xray.localEndpoint" .) "" $isLocal) }}{{ $_ := set $config "Endpoint" . }}{{ end -}}
{{- with $xray.proxyAddress }}{{ $_ := set $config "ProxyAddress" . }}{{ end -}}
{{- with $xray.resourceArn }}{{ $_ := set $config "ResourceARN" . }}{{ end -}}
{{- with $xray.noVerifySSL }}{{ $_ := set $config "NoVerifySSL" . }}{{ end -}}
{{- with $xray.bufferMemoryMB }}{{ $_ := set $config "TotalBufferSizeMB" (int .) }}{{ end -}}
{{- with $xray.concurrency }}{{ $_ := set $config "Concurrency" (int .) }}{{ end -}}
{{- with $xray.loglevel }}{{ $_ := set $config "Logging" (dict "LogLevel" .) }}{{ end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "aws-xray.localEndpoint" -}}
{{- printf "http://%s.%s.svc:2000" (include "aws-xray.localName" .) .Release.Namespace -}}
{{- end -}}

{{/* The receivers of spans that are enabled, as JSON: port name, port, option. */}}
{{- define "aws-xray.spanReceivers" -}}
{{- $receivers := list -}}
{{- range list (list "otlpHttp" "otlp-http" "OTLP_HTTP") (list "otlpGrpc" "otlp-grpc" "OTLP_GRPC") (list "zipkin" "zipkin" "ZIPKIN") -}}
{{- $values := index $.Values.receivers (index . 0) -}}
{{- if $values.enabled -}}
{{- $receivers = append $receivers (dict "key" (index . 0) "name" (index . 1) "option" (index . 2) "port" $values.port) -}}
{{- end -}}
{{- end -}}
{{- toJson $receivers -}}
{{- end -}}

{{/* xrayd's own options, which are not part of cfg.yaml. */}}
{{- define "aws-xray.ownOptions" -}}
{{- $xray := .Values.xray -}}
- name: XRAYD_HTTP_ADDRESS
  value: {{ printf "%s:%v" $xray.bindHost .Values.http.port | quote }}
- name: XRAYD_SHUTDOWN_TIMEOUT
  value: {{ .Values.shutdownTimeoutSeconds | quote }}
{{- if $xray.existingConfigMap }}
{{- /* The chart does not know the file, but the ports and the local X-Ray must be the chart's. */}}
{{- range list "BIND" "BIND_TCP" }}
- name: XRAYD_{{ . }}
  value: {{ printf "%s:%v" $xray.bindHost $xray.containerPort | quote }}
{{- end }}
{{- if eq .Values.mode "local" }}
- name: XRAYD_ENDPOINT
  value: {{ include "aws-xray.localEndpoint" . }}
- name: AWS_REGION
  value: us-east-1
{{- end }}
{{- end }}
{{- $delay := ternary .Values.network.drainSeconds 0 (eq .Values.network.mode "service") -}}
{{- $options := dict
  "SHUTDOWN_DELAY" $delay
  "LOG_FORMAT" $xray.logFormat
  "NEWEST_FIRST" $xray.newestFirst
  "PROXY_ALLOW" $xray.proxyAllow
  "ALLOWED_HOSTS" $xray.allowedHosts
  "REQUEST_TIMEOUT" $xray.requestTimeoutSeconds
  "RETRY_MAX_AGE" $xray.retryMaxAgeSeconds
  "ROLE_EXTERNAL_ID" $xray.roleExternalId
  "INDEXED_ATTRIBUTES" .Values.receivers.indexedAttributes
  "INDEX_ALL_ATTRIBUTES" .Values.receivers.indexAllAttributes
  "AWS_LOG_GROUPS" .Values.receivers.awsLogGroups
  "LOCAL_ROOT_AT_REMOTE_PARENT" .Values.receivers.localRootAtRemoteParent
}}
{{- range $name, $value := $options }}
{{- if $value }}
- name: XRAYD_{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range include "aws-xray.spanReceivers" . | fromJsonArray }}
- name: XRAYD_{{ .option }}
  value: {{ printf "%s:%v" $xray.bindHost .port | quote }}
{{- end }}
{{- if .Values.receivers.tls.secretName }}
- name: XRAYD_OTLP_TLS_CERT
  value: /tls/tls.crt
- name: XRAYD_OTLP_TLS_KEY
  value: /tls/tls.key
{{- end }}
{{- if eq .Values.mode "local" }}
{{- /* The local X-Ray accepts any credentials, so the daemon need not search for real ones. */}}
- name: AWS_ACCESS_KEY_ID
  value: local
- name: AWS_SECRET_ACCESS_KEY
  value: local
{{- end }}
{{- if $xray.fips }}
- name: AWS_USE_FIPS_ENDPOINT
  value: "true"
{{- end }}
{{- if $xray.dualStack }}
- name: AWS_USE_DUALSTACK_ENDPOINT
  value: "true"
{{- end }}
{{- if include "aws-xray.caBundleVolume" . }}
- name: AWS_CA_BUNDLE
  value: /ca-bundle/{{ $xray.caBundle.key }}
{{- end }}
{{- if not $xray.telemetryRecords }}
- name: XRAYD_TELEMETRY_RECORDS
  value: "false"
{{- end }}
{{- if $xray.spool.enabled }}
- name: XRAYD_SPOOL
  value: /spool
- name: XRAYD_SPOOL_SIZE
  value: {{ $xray.spool.sizeMB | quote }}
{{- end }}
{{- end -}}

{{/* The local X-Ray is not a daemon: the daemons' selectors must not match it. */}}
{{- define "aws-xray.localSelectorLabels" -}}
app.kubernetes.io/name: {{ include "aws-xray.name" . | trunc 58 | trimSuffix "-" }}-xray
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aws-xray.localLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "aws-xray.localSelectorLabels" . }}
app.kubernetes.io/component: local-xray
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with omit .Values.commonLabels "helm.sh/chart" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The pods of helm test. */}}
{{- define "aws-xray.testLabels" -}}
app.kubernetes.io/name: {{ include "aws-xray.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aws-xray.localName" -}}
{{- printf "%s-xray" (include "aws-xray.fullname" .) -}}
{{- end -}}

{{- define "aws-xray.localEnv" -}}
{{- $name := include "aws-xray.localName" . -}}
{{- $options := dict
  "BIND" (printf "%s:2000" .Values.xray.bindHost)
  "BIND_TCP" (printf "%s:2000" .Values.xray.bindHost)
  "HTTP_ADDRESS" (printf "%s:2001" .Values.xray.bindHost)
  "DATA" "/data/traces.db"
  "DATA_SIZE" .Values.local.dataSizeMB
  "ACCOUNT_ID" .Values.local.accountId
  "DEFAULT_SAMPLING" .Values.local.defaultSampling
  "REGION" (.Values.xray.region | default "us-east-1")
  "LOG_FORMAT" .Values.xray.logFormat
  "LOG_LEVEL" .Values.xray.loglevel
-}}
{{- range $option, $value := $options }}
{{- if $value }}
- name: XRAYD_{{ $option }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- $hosts := list .Values.xray.allowedHosts (printf "%s.%s" $name .Release.Namespace) }}
{{- if .Values.local.ingress.enabled }}
{{- range .Values.local.ingress.hosts }}
{{- /* *.example.com is .example.com for xrayd. */}}
{{- $hosts = append $hosts (trimPrefix "*" .) }}
{{- end }}
{{- end }}
# The Service name as Grafana and the page use it, resolved through the namespace's search list.
- name: XRAYD_ALLOWED_HOSTS
  value: {{ compact $hosts | join "," | quote }}
{{- if or .Values.local.token .Values.local.existingSecret }}
- name: XRAYD_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.local.existingSecret | default $name }}
      key: {{ empty .Values.local.existingSecret | ternary "token" .Values.local.existingSecretKey }}
{{- end }}
{{- end -}}

{{/* The command that prints the token. */}}
{{- define "aws-xray.readToken" -}}
{{- $name := include "aws-xray.localName" . -}}
{{- $secret := .Values.local.existingSecret | default (empty .Values.local.token | ternary "" $name) -}}
{{- if $secret -}}
kubectl -n {{ .Release.Namespace }} get secret {{ $secret }} -o jsonpath='{.data.{{ empty .Values.local.existingSecret | ternary "token" .Values.local.existingSecretKey | replace "." "\\." }}}' | base64 -d
{{- else -}}
kubectl -n {{ .Release.Namespace }} exec deployment/{{ $name }} -c xray -- /nodejs/bin/node -p 'fs.readFileSync("/data/traces.db-token", "utf8")'
{{- end -}}
{{- end -}}

{{- define "aws-xray.localPorts" -}}
- name: xray-api
  containerPort: 2000
  protocol: TCP
- name: http-metrics
  containerPort: 2001
  protocol: TCP
{{- end -}}

{{- define "aws-xray.localVolumes" -}}
- name: data
  {{- if .Values.local.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ include "aws-xray.localName" . }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.local.persistence.size }}
  {{- end }}
{{- end -}}

{{/* IP families of a Service; empty for the cluster's default. */}}
{{- define "aws-xray.ipFamilies" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* Port names of the okgolove chart; http-metrics is new. */}}
{{- define "aws-xray.servicePorts" -}}
- name: incoming
  port: {{ .Values.service.port }}
  targetPort: xray-ingest
  protocol: UDP
- name: xray-tcp
  port: {{ .Values.service.port }}
  targetPort: xray-tcp
  protocol: TCP
- name: http-metrics
  port: {{ .Values.http.port }}
  targetPort: http-metrics
  protocol: TCP
{{- range include "aws-xray.spanReceivers" . | fromJsonArray }}
- name: {{ .name }}
  port: {{ .port }}
  targetPort: {{ .name }}
  protocol: TCP
  {{- if and (eq .name "otlp-grpc") (not $.Values.receivers.tls.secretName) }}
  appProtocol: kubernetes.io/h2c
  {{- end }}
{{- end }}
{{- end -}}

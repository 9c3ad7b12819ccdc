{{/*
The pods of the DaemonSet, of the local X-Ray and of helm test differ only in what is passed here.
  root         the context of the chart
  values       .Values, .Values.local (which has the same keys for a pod), or a part of them
  labels       labels that select the pod, as YAML
  checksums    annotations that replace the pods when what they name changes
  container    name, command, and optionally env, ports, volumeMounts (YAML), resources, hasProbes
  volumes      YAML
  account      whether the pod uses the service account of the chart
  isService    whether the pod runs until it is stopped
  network      hostNetwork and dnsPolicy
*/}}
{{- define "aws-xray.podTemplate" -}}
metadata:
  labels:
    {{- include "aws-xray.podLabels" . | nindent 4 }}
  {{- with merge (dict) (.checksums | default dict) (.values.podAnnotations | default dict) .root.Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "aws-xray.podSpec" . | trim | nindent 2 }}
{{- end -}}

{{/* Labels that a selector needs are not replaced by the user's. */}}
{{- define "aws-xray.podLabels" -}}
{{- $given := merge (dict) (.values.podLabels | default dict) .root.Values.podLabels .root.Values.commonLabels -}}
{{- toYaml (merge (dict) (fromYaml .labels) $given) -}}
{{- end -}}

{{- define "aws-xray.podSpec" -}}
{{- $root := .root -}}
{{- $values := .values -}}
{{- $network := .network | default dict -}}
{{- $container := .container -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .account }}
serviceAccountName: {{ include "aws-xray.serviceAccountName" $root }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $network.hostNetwork }}
hostNetwork: {{ . }}
{{- end }}
{{- with $network.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $root.Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if .isService }}
terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
{{- else }}
restartPolicy: Never
{{- end }}
{{- with $root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.initContainers }}
initContainers:
  {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
containers:
  - name: {{ $container.name }}
    image: {{ include "aws-xray.image" $root | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command: {{ toJson $container.command }}
    {{- with $values.extraArgs }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    env:
      {{- $container.env | trim | nindent 6 }}
      {{- with $values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with $values.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $container.ports }}
    ports:
      {{- . | trim | nindent 6 }}
    {{- end }}
    {{- if $container.hasProbes }}
    {{- range $name, $path := dict "startupProbe" "/livez" "livenessProbe" "/livez" "readinessProbe" "/readyz" }}
    {{- with index $root.Values $name }}
    {{ $name }}:
      httpGet:
        path: {{ $path }}
        port: http-metrics
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- with $values.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $root.Values.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with include "aws-xray.joined" (list $container.volumeMounts $values.extraVolumeMounts) }}
    volumeMounts:
      {{- . | nindent 6 }}
    {{- end }}
  {{- with $values.extraContainers }}
  {{- tpl (toYaml .) $root | nindent 2 }}
  {{- end }}
{{- with include "aws-xray.joined" (list .volumes $values.extraVolumes) }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- range $name := list "nodeSelector" "affinity" "tolerations" }}
{{- with index $values $name }}
{{ $name }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One list of a list as YAML and a list of values, either of which may be missing. */}}
{{- define "aws-xray.joined" -}}
{{- with index . 0 }}
{{- . }}
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Ports and volumes of the daemons. */}}
{{- define "aws-xray.daemonPorts" -}}
{{- $mode := .Values.network.mode -}}
{{- $ports := list
  (dict "name" "xray-ingest" "port" .Values.xray.containerPort "protocol" "UDP")
  (dict "name" "xray-tcp" "port" .Values.xray.containerPort "protocol" "TCP")
  (dict "name" "http-metrics" "port" .Values.http.port "protocol" "TCP")
-}}
{{- range include "aws-xray.spanReceivers" . | fromJsonArray -}}
{{- $ports = append $ports (dict "name" .name "port" .port "protocol" "TCP") -}}
{{- end -}}
{{- range $ports }}
- name: {{ .name }}
  containerPort: {{ .port }}
  {{- /* In hostPort mode the node does not expose health and metrics. */}}
  {{- if or (eq $mode "hostNetwork") (and (eq $mode "hostPort") (ne .name "http-metrics")) }}
  hostPort: {{ .port }}
  {{- end }}
  protocol: {{ .protocol }}
{{- end }}
{{- end -}}

{{- define "aws-xray.daemonVolumeMounts" -}}
- name: config
  mountPath: /etc/amazon/xray
  readOnly: true
{{- if .Values.xray.spool.enabled }}
- name: spool
  mountPath: /spool
{{- end }}
{{- if .Values.receivers.tls.secretName }}
- name: tls
  mountPath: /tls
  readOnly: true
{{- end }}
{{- if include "aws-xray.caBundleVolume" . }}
- name: ca-bundle
  mountPath: /ca-bundle
  readOnly: true
{{- end }}
{{- end -}}

{{- define "aws-xray.daemonVolumes" -}}
- name: config
  configMap:
    name: {{ .Values.xray.existingConfigMap | default (include "aws-xray.fullname" .) }}
{{- if .Values.xray.spool.enabled }}
- name: spool
  hostPath:
    path: {{ .Values.xray.spool.hostPath }}
    type: Directory
{{- end }}
{{- with .Values.receivers.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with include "aws-xray.caBundleVolume" . }}
- name: ca-bundle
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "aws-xray.caBundleVolume" -}}
{{- with .Values.xray.caBundle.configMap -}}
configMap:
  name: {{ . }}
{{- else -}}
{{- with .Values.xray.caBundle.secret -}}
secret:
  secretName: {{ . }}
{{- end -}}
{{- end -}}
{{- end -}}

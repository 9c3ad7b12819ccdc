{{/* Checks that the schema cannot express: contradictions between values. Each message says what to do. */}}
{{- define "aws-xray.validate" -}}
{{- $mode := .Values.network.mode -}}
{{- $isHost := ne $mode "service" -}}
{{- $surge := dig "rollingUpdate" "maxSurge" 0 .Values.updateStrategy -}}
{{- if and $isHost $surge (ne (toString $surge) "0") (ne (toString $surge) "0%") -}}
{{- fail (printf "updateStrategy.rollingUpdate.maxSurge does not work with network.mode %s: two pods cannot share a port of a node. Use maxUnavailable, or network.mode service." $mode) -}}
{{- end -}}
{{- if and (not .Values.service.headless.enabled) (not .Values.service.local.enabled) (not $isHost) -}}
{{- fail "network.mode service needs service.local.enabled or service.headless.enabled: without a Service, applications cannot reach the daemon." -}}
{{- end -}}
{{- if eq (toString .Values.xray.containerPort) (toString .Values.http.port) -}}
{{- fail (printf "xray.containerPort and http.port are both %v. Set http.port to another port." .Values.http.port) -}}
{{- end -}}
{{- $ports := dict (toString .Values.xray.containerPort) "xray.containerPort" (toString .Values.http.port) "http.port" (toString .Values.service.port) "service.port" -}}
{{- range include "aws-xray.spanReceivers" . | fromJsonArray -}}
{{- $taken := get $ports (toString .port) -}}
{{- if $taken -}}
{{- fail (printf "receivers.%s.port and %s are both %v. Set one of them to another port." .key $taken .port) -}}
{{- end -}}
{{- $_ := set $ports (toString .port) (printf "receivers.%s.port" .key) -}}
{{- end -}}
{{- $drain := ternary 0 (int .Values.network.drainSeconds) $isHost -}}
{{- $needed := add $drain (int .Values.shutdownTimeoutSeconds) 5 -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds is %v, but a pod may need %v s to stop (network.drainSeconds + shutdownTimeoutSeconds + 5): Kubernetes would kill the pod with segments in its buffer. Set it above %v." .Values.terminationGracePeriodSeconds $needed $needed) -}}
{{- end -}}
{{- $unready := mul (int (dig "periodSeconds" 10 .Values.readinessProbe)) (int (dig "failureThreshold" 3 .Values.readinessProbe)) -}}
{{- if and (not $isHost) .Values.readinessProbe (le $drain (int $unready)) -}}
{{- fail (printf "network.drainSeconds is %v, but readinessProbe takes up to %v s (periodSeconds × failureThreshold) to report that a pod is terminating, and kube-proxy sends clients to the pod until then. Set drainSeconds above %v." $drain $unready (add $unready 2)) -}}
{{- end -}}
{{- $distribution := .Values.service.local.trafficDistribution -}}
{{- if and (has $distribution (list "PreferSameNode" "PreferSameZone")) (semverCompare "<1.34.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "service.local.trafficDistribution %s needs Kubernetes 1.34, but this cluster runs %s. Leave it empty: the -local Service then reaches only the daemon on the same node." $distribution .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (eq $mode "hostNetwork") -}}
{{- fail "networkPolicy.enabled has no effect in network.mode hostNetwork: NetworkPolicies do not apply to pods on the host network. Use another mode, or the nodes' security groups." -}}
{{- end -}}
{{- include "aws-xray.validateImage" . -}}
{{- $xray := .Values.xray -}}
{{- if and $xray.caBundle.configMap $xray.caBundle.secret -}}
{{- fail "xray.caBundle.configMap and xray.caBundle.secret are both set. Keep the one that has the certificates." -}}
{{- end -}}
{{- if $xray.existingConfigMap -}}
{{- range $name, $key := dict "region" "Region" "roleArn" "RoleARN" "endpoint" "Endpoint" "proxyAddress" "ProxyAddress" "resourceArn" "ResourceARN" "noVerifySSL" "NoVerifySSL" "bufferMemoryMB" "TotalBufferSizeMB" "concurrency" "Concurrency" -}}
{{- if index $xray $name -}}
{{- fail (printf "xray.%s has no effect with xray.existingConfigMap. Set %s in the cfg.yaml of %s, and leave xray.%s empty." $name $key $xray.existingConfigMap $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $families := .Values.service.ipFamilies -}}
{{- if and (gt (len $families) 1) (not (has .Values.service.ipFamilyPolicy (list "PreferDualStack" "RequireDualStack"))) -}}
{{- fail "service.ipFamilies names two families. Set service.ipFamilyPolicy to PreferDualStack or RequireDualStack." -}}
{{- end -}}
{{- $isIPv6 := or (has "IPv6" $families) (has .Values.service.ipFamilyPolicy (list "PreferDualStack" "RequireDualStack")) -}}
{{- if and $isIPv6 (regexMatch "^[0-9.]+$" $xray.bindHost) -}}
{{- fail (printf "xray.bindHost %s receives nothing over IPv6, which the Services would have. Set it to [::]." $xray.bindHost) -}}
{{- end -}}
{{- $monitoring := .Values.monitoring -}}
{{- if and $monitoring.scrapeTimeout (gt (include "aws-xray.milliseconds" $monitoring.scrapeTimeout | int) (include "aws-xray.milliseconds" $monitoring.interval | int)) -}}
{{- fail (printf "monitoring.scrapeTimeout is %s, but Prometheus allows at most monitoring.interval, %s." $monitoring.scrapeTimeout $monitoring.interval) -}}
{{- end -}}
{{- if eq .Values.mode "local" -}}
{{- $local := .Values.local -}}
{{- if and $local.token $local.existingSecret -}}
{{- fail "local.token and local.existingSecret are both set. Keep the one that clients use." -}}
{{- end -}}
{{- if and $local.ingress.enabled (not $local.ingress.hosts) -}}
{{- fail "local.ingress.enabled needs local.ingress.hosts: the local X-Ray accepts requests only for host names that it knows." -}}
{{- end -}}
{{- if and $local.networkPolicy.enabled $local.networkPolicy.from (eq $mode "hostNetwork") (not (contains "ipBlock" (toJson $local.networkPolicy.from))) -}}
{{- fail "local.networkPolicy.from would keep the daemons out: with network.mode hostNetwork they come from the nodes' addresses. Add an ipBlock with the nodes' network, or use another network.mode." -}}
{{- end -}}
{{- range $name := list "fips" "dualStack" -}}
{{- if index $xray $name -}}
{{- fail (printf "xray.%s has no effect with mode local: the daemons send to the local X-Ray of this release. Set it to false, or set mode to aws." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "endpoint" "roleArn" "proxyAddress" -}}
{{- if index $.Values.xray $name -}}
{{- fail (printf "xray.%s has no effect with mode local: the daemons send to the local X-Ray of this release. Leave it empty, or set mode to aws." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "aws-xray.validatePorts" . -}}
{{- end -}}

{{/*
xrayd's own options are variables and ports that aws-xray-daemon does not know: its pods would never become ready. The okgolove
chart's values often pin its image.
*/}}
{{- define "aws-xray.validateImage" -}}
{{- $repository := .Values.image.repository -}}
{{- $remedy := printf "Remove image.repository and image.tag from your values: the chart then uses ghcr.io/xrayd/xrayd:%s." .Chart.AppVersion -}}
{{- if regexMatch "(^|/)(aws-xray-daemon|xray-daemon)$|(^|/)public\\.ecr\\.aws/xray/" $repository -}}
{{- fail (printf "image.repository %s is aws-xray-daemon, but this chart runs xrayd, which replaces it. %s A copy of xrayd in your own registry needs another name." $repository $remedy) -}}
{{- end -}}
{{- $tag := toString .Values.image.tag -}}
{{- $major := regexFind "^[0-9]+" $tag -}}
{{- if and (eq $repository "ghcr.io/xrayd/xrayd") (not .Values.image.digest) $major (regexMatch "^[1-3](\\.(x|[0-9]+)){1,2}$" $tag) (gt (int $major) (int (semver .Chart.AppVersion).Major)) -}}
{{- fail (printf "image.tag %s is a version of aws-xray-daemon, but this chart runs xrayd, which replaces it. %s" $tag $remedy) -}}
{{- end -}}
{{- end -}}

{{/* A duration such as 30s; the schema has checked its form. */}}
{{- define "aws-xray.milliseconds" -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul (trimSuffix $unit . | int) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) -}}
{{- end -}}

{{/*
Helm 3 merges the ports of a Service and of a container by number. If UDP and TCP share a number and it changes, Helm silently drops one of the two,
and neither another upgrade nor a rollback restores it. Helm 4 applies on the server, where the protocol is part of the key.
*/}}
{{- define "aws-xray.validatePorts" -}}
{{- if and .Release.IsUpgrade (not .Values.acceptPortChange) (semverCompare "<4.0.0-0" .Capabilities.HelmVersion.Version) -}}
{{- $fullname := include "aws-xray.fullname" . -}}
{{- $daemonSet := lookup "apps/v1" "DaemonSet" .Release.Namespace $fullname | default dict -}}
{{- range dig "spec" "template" "spec" "containers" (list) $daemonSet -}}
{{- range .ports -}}
{{- if and (eq .name "xray-ingest") (ne (int .containerPort) (int $.Values.xray.containerPort)) -}}
{{- fail (include "aws-xray.portChange" (dict "what" "xray.containerPort" "from" .containerPort "to" $.Values.xray.containerPort "fullname" $fullname)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name := list $fullname (printf "%s-local" $fullname) -}}
{{- $service := lookup "v1" "Service" $.Release.Namespace $name | default dict -}}
{{- range dig "spec" "ports" (list) $service -}}
{{- if and (eq .name "incoming") (ne (int .port) (int $.Values.service.port)) -}}
{{- fail (include "aws-xray.portChange" (dict "what" "service.port" "from" .port "to" $.Values.service.port "fullname" $fullname)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "aws-xray.portChange" -}}
{{ .what }} would change from {{ .from }} to {{ .to }}, and Helm 3 would silently drop either UDP or TCP of {{ .fullname }}, because it merges ports by number. Run this upgrade once with `--force --set acceptPortChange=true` (and a rollback across it with `--force`), or use Helm 4. Nothing was changed.
{{- end -}}

{{- define "wecall.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "wecall.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "wecall.labels" -}}
{{ include "wecall.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
{{- end -}}

{{- define "wecall.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "wecall.name" .) -}}
{{- end -}}

{{/*
The groups of pods, as JSON: the suffix of their names, what they do, and how many there are. The
label `component` tells them apart; a pod that does everything is a `node`.
*/}}
{{- define "wecall.groups" -}}
{{- if eq .Values.roles "apart" -}}
{{- list
      (dict "suffix" "-web" "component" "web" "roles" "web" "replicas" .Values.web.replicas)
      (dict "suffix" "-signal" "component" "signal" "roles" "signal,media" "replicas" .Values.signal.replicas)
    | toJson -}}
{{- else -}}
{{- list (dict "suffix" "" "component" "node" "roles" "web,signal,media" "replicas" .Values.replicas) | toJson -}}
{{- end -}}
{{- end -}}

{{/* What cannot work is refused before it is installed. */}}
{{- define "wecall.check" -}}
{{- if not .Values.redis.enabled -}}
{{- if or (eq .Values.roles "apart") (gt (int .Values.replicas) 1) .Values.autoscaling.enabled -}}
{{- fail "more than one pod needs redis.enabled: live state is in memory without it" -}}
{{- end -}}
{{- else if .Values.persistence.enabled -}}
{{- fail "persistence.enabled is for a single pod without Redis: the volume belongs to one pod" -}}
{{- end -}}
{{- end -}}

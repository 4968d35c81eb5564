{{/* Suffix of the revision: '' or '-name'. */}}
{{- define "mizzen.suffix" -}}{{- if .Values.revision }}-{{ .Values.revision }}{{- end }}{{- end }}
{{- define "mizzen.name" -}}mizzen{{ include "mizzen.suffix" . }}{{- end }}
{{/* The name under which injected proxies look for their control plane. */}}
{{- define "mizzen.service" -}}istiod{{ include "mizzen.suffix" . }}{{- end }}
{{- define "mizzen.rev" -}}{{ .Values.revision | default "default" }}{{- end }}
{{- define "mizzen.selector" -}}
app: mizzen
istio.io/rev: {{ include "mizzen.rev" . | quote }}
{{- end }}
{{- define "mizzen.labels" -}}
{{ include "mizzen.selector" . }}
app.kubernetes.io/name: mizzen
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{/* Cluster-wide names must differ between installations. */}}
{{- define "mizzen.clusterName" -}}{{ include "mizzen.name" . }}-{{ .Release.Namespace }}{{- end }}

{{/* One webhook for pods. Takes name, service, namespace, failurePolicy. caBundle is put in by the control plane. */}}
{{- define "mizzen.injector" }}
  - name: {{ .name }}.sidecar-injector.istio.io
    clientConfig:
      service: { name: {{ .service }}, namespace: {{ .namespace }}, path: /inject, port: 443 }
    rules:
      - { operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods], scope: Namespaced }
    sideEffects: None
    failurePolicy: {{ .failurePolicy }}
    reinvocationPolicy: Never
    admissionReviewVersions: [v1]
    timeoutSeconds: 10
{{- end }}
{{/* Webhooks for namespaces and pods that name a revision or a tag: `key` istio.io/rev, `value` its name. */}}
{{- define "mizzen.revisionInjectors" }}
{{- include "mizzen.injector" (mergeOverwrite (deepCopy .core) (dict "name" "rev.namespace")) }}
    namespaceSelector:
      matchExpressions:
        - { key: istio.io/rev, operator: In, values: [{{ .value | quote }}] }
        - { key: istio-injection, operator: DoesNotExist }
    objectSelector:
      matchExpressions:
        - { key: sidecar.istio.io/inject, operator: NotIn, values: ["false"] }
{{- include "mizzen.injector" (mergeOverwrite (deepCopy .core) (dict "name" "rev.object")) }}
    namespaceSelector:
      matchExpressions:
        - { key: istio.io/rev, operator: DoesNotExist }
        - { key: istio-injection, operator: DoesNotExist }
    objectSelector:
      matchExpressions:
        - { key: sidecar.istio.io/inject, operator: NotIn, values: ["false"] }
        - { key: istio.io/rev, operator: In, values: [{{ .value | quote }}] }
{{- end }}
{{/* Webhooks for what names no revision: istio-injection=enabled, or the pod's own wish. */}}
{{- define "mizzen.defaultInjectors" }}
{{- include "mizzen.injector" (mergeOverwrite (deepCopy .core) (dict "name" "namespace")) }}
    namespaceSelector:
      matchExpressions:
        - { key: istio-injection, operator: In, values: [enabled] }
    objectSelector:
      matchExpressions:
        - { key: sidecar.istio.io/inject, operator: NotIn, values: ["false"] }
{{- include "mizzen.injector" (mergeOverwrite (deepCopy .core) (dict "name" "object")) }}
    namespaceSelector:
      matchExpressions:
        - { key: istio-injection, operator: DoesNotExist }
        - { key: istio.io/rev, operator: DoesNotExist }
    objectSelector:
      matchExpressions:
        - { key: sidecar.istio.io/inject, operator: In, values: ["true"] }
        - { key: istio.io/rev, operator: DoesNotExist }
{{- end }}

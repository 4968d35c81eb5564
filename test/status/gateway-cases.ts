/** Features of Gateways, ListenerSets and grants: a case each. */
import { type FeatureCases, GATEWAY_OK, gatewayYaml, HTTP, LISTENER_OK, OK, routeYaml, service, TO_WEB } from './shown.js';

const BOTH = 'HTTPRoute,GRPCRoute';
const https = (name: string, port: number, more = ''): string =>
  `{ name: ${name}, port: ${port}, protocol: HTTPS, tls: { certificateRefs: [{ name: www${more} }] } }`;
const BY_CA = 'caCertificateRefs: [{ group: "", kind: ConfigMap, name: clients }]';
const WITHOUT_CERTIFICATE = 'Accepted=True/Accepted Conflicted=False/NoConflicts Programmed=False/Invalid ResolvedRefs=False';

export const GATEWAY_CASES: FeatureCases = {
  Gateway: {
    yaml: `${gatewayYaml(`${HTTP}, { name: odd, port: 80, protocol: TCP }, { name: lower, port: 81, protocol: http }, ${https('https', 82, '-not-there')}, { name: later, port: 83, protocol: HTTPS }`)}${routeYaml(`{ ${TO_WEB} }`)}`,
    status: {
      'K8sGateway shop/public': [
        'Accepted=True/ListenersNotValid Programmed=False/AddressNotUsable ResolvedRefs=True/ResolvedRefs',
        `http: 1 of ${BOTH} ${LISTENER_OK}`,
        'odd: 0 of TCPRoute Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict Programmed=False/ProtocolConflict',
        'lower: 0 of  Accepted=False/UnsupportedProtocol Conflicted=False/NoConflicts Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs',
        `https: 1 of ${BOTH} ${WITHOUT_CERTIFICATE}/InvalidCertificateRef`,
        `later: 1 of ${BOTH} Accepted=True/Accepted Conflicted=False/NoConflicts Programmed=False/Pending ResolvedRefs=True/ResolvedRefs`,
        'at 192.0.2.1',
      ],
      'HTTPRoute shop/web': [`public: ${OK}`],
    },
  },
  GatewayAddressEmpty: {
    yaml: gatewayYaml(HTTP, ', addresses: [{ type: IPAddress }]'),
    status: { 'K8sGateway shop/public': [GATEWAY_OK, `http: 0 of ${BOTH} ${LISTENER_OK}`, 'at 192.0.2.1'] },
  },
  // What is made of it: src/gateways, e2e/kubernetes-gateways.e2e.ts.
  GatewayInfrastructurePropagation: {
    yaml: gatewayYaml(HTTP, ', infrastructure: { labels: { team: a }, parametersRef: { group: "", kind: ConfigMap, name: nowhere } }'),
    status: {
      'K8sGateway shop/public': [
        'Accepted=False/InvalidParameters Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs',
        `http: 0 of ${BOTH} ${LISTENER_OK}`,
        'at 192.0.2.1',
      ],
    },
  },
  GatewayPort8080: {
    yaml: gatewayYaml('{ name: http, port: 8080, protocol: HTTP }'),
    status: { 'K8sGateway shop/public': [GATEWAY_OK, `http: 0 of ${BOTH} ${LISTENER_OK}`, 'at 192.0.2.1'] },
  },
  GatewayHTTPListenerIsolation: {
    yaml: `${gatewayYaml(`${HTTP}, { name: near, port: 80, protocol: HTTP, hostname: a.example }`)}${routeYaml(`{ ${TO_WEB} }`, { parent: '{ name: public, sectionName: http }', more: 'hostnames: [a.example, b.example], ' })}`,
    status: {
      'K8sGateway shop/public': [GATEWAY_OK, `http: 1 of ${BOTH} ${LISTENER_OK}`, `near: 0 of ${BOTH} ${LISTENER_OK}`, 'at 192.0.2.1'],
      'HTTPRoute shop/web': [`public/http: ${OK}`],
    },
    // a.example is the other listener's, which has no route for it.
    serves: { hosts: ['b.example'] },
  },
  GatewayFrontendClientCertificateValidation: {
    yaml: gatewayYaml(`${https('https', 443)}`, `, tls: { frontend: { default: { validation: { ${BY_CA} } } } }`),
    status: { 'K8sGateway shop/public': [GATEWAY_OK, `https: 0 of ${BOTH} ${LISTENER_OK}`, 'at 192.0.2.1'] },
  },
  GatewayFrontendClientCertificateValidationInsecureFallback: {
    yaml: gatewayYaml(`${https('https', 443)}`, `, tls: { frontend: { default: { validation: { mode: AllowInsecureFallback, ${BY_CA} } } } }`),
    status: {
      'K8sGateway shop/public': [
        `${GATEWAY_OK} InsecureFrontendValidationMode=True/ConfigurationChanged`,
        `https: 0 of ${BOTH} ${LISTENER_OK}`,
        'at 192.0.2.1',
      ],
    },
  },
  ListenerSet: {
    yaml: `${gatewayYaml(HTTP, ', allowedListeners: { namespaces: { from: Same } }')}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: more, namespace: shop }
spec:
  parentRef: { name: public }
  listeners: [{ name: extra, port: 8080, protocol: HTTP }, { name: taken, port: 80, protocol: TCP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: foreign, namespace: other }
spec: { parentRef: { name: public, namespace: shop }, listeners: [{ name: extra, port: 8080, protocol: HTTP }] }
${routeYaml(`{ ${TO_WEB} }`, { parent: '{ kind: ListenerSet, name: more }' })}`,
    status: {
      'K8sGateway shop/public': [GATEWAY_OK, `http: 0 of ${BOTH} ${LISTENER_OK}`, 'at 192.0.2.1', '1 ListenerSets'],
      'ListenerSet shop/more': [
        'Accepted=True/Accepted Programmed=True/Programmed',
        `extra: 1 of ${BOTH} ${LISTENER_OK}`,
        'taken: 0 of TCPRoute Accepted=False/ProtocolConflict Conflicted=True/ProtocolConflict Programmed=False/ProtocolConflict',
      ],
      'ListenerSet other/foreign': ['Accepted=False/NotAllowed Programmed=False/NotAllowed'],
      'HTTPRoute shop/web': [`more: ${OK}`],
    },
  },
  GatewayBackendClientCertificate: {
    yaml: gatewayYaml(HTTP, ', tls: { backend: { clientCertificateRef: { name: www } } }'),
    status: {
      'K8sGateway shop/public': [
        'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/InvalidClientCertificateRef',
        `http: 0 of ${BOTH} ${LISTENER_OK}`,
        'at 192.0.2.1',
      ],
    },
  },
  ReferenceGrant: {
    yaml: `${gatewayYaml(`${HTTP}, ${https('granted', 443, ', namespace: bank')}, ${https('refused', 8443, ', namespace: other')}`)}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: it, namespace: bank }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: shop }, { group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop }]
  to: [{ group: "", kind: Secret }, { group: "", kind: Service }]
${routeYaml('{ backendRefs: [{ name: web, namespace: bank, port: 80 }] }, { backendRefs: [{ name: web, namespace: other, port: 80 }] }', { parent: '{ name: public, sectionName: http }' })}`,
    status: {
      'K8sGateway shop/public': [
        'Accepted=True/ListenersNotValid Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs',
        `http: 1 of ${BOTH} ${LISTENER_OK}`,
        `granted: 0 of ${BOTH} ${LISTENER_OK}`,
        `refused: 0 of ${BOTH} ${WITHOUT_CERTIFICATE}/RefNotPermitted`,
        'at 192.0.2.1',
      ],
      'HTTPRoute shop/web': ['public/http: Accepted=True/Accepted ResolvedRefs=False/RefNotPermitted'],
    },
  },
};

/** What all cases have: the Service in front of the Gateway, backends, and `SECRETS` where certificates belong. */
export const BASE =
  service('public-istio', [80, 443, 8080, 8443], ', type: LoadBalancer').replace(
    '---\napiVersion: discovery',
    'status: { loadBalancer: { ingress: [{ ip: 192.0.2.1 }] } }\n---\napiVersion: discovery',
  ) +
  service('web', [80]) +
  service('web', [80], '', 'bank') +
  service('web', [80], '', 'other');

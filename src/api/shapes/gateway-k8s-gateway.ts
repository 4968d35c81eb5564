/**
 * What a K8sGateway may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { addresses, addressValue, labelKeys, uniquePorts } from './gateway-checks.js';
import { caCertificateRef, certificateRef, listeners, parametersRef, selector } from './gateway-shared.js';
import { intWith, list, map, nullable, obj, oneOf, strWith } from './shape.js';

const defaultShape = obj({
  validation: obj(
    { caCertificateRefs: list(parametersRef, { min: 1, max: 16 }), mode: nullable(oneOf(['AllowValidOnly', 'AllowInsecureFallback'])) },
    { required: ['caCertificateRefs'] },
  ),
});

/** `spec` of K8sGateway. */
export const k8sGatewayShape = obj(
  {
    addresses: list(
      obj(
        {
          type: nullable(
            strWith({
              min: 1,
              max: 253,
              pattern:
                "^Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
            }),
          ),
          value: strWith({ max: 253 }),
        },
        { checks: [addressValue] },
      ),
      { max: 16, checks: [addresses] },
    ),
    allowedListeners: obj({ namespaces: nullable(obj({ from: nullable(oneOf(['All', 'Selector', 'Same', 'None'])), selector: selector })) }),
    defaultScope: oneOf(['All', 'None']),
    gatewayClassName: strWith({ min: 1, max: 253 }),
    infrastructure: obj({
      annotations: map(strWith({ min: 0, max: 4096 }), { max: 16, checks: [labelKeys] }),
      labels: map(strWith({ min: 0, max: 63, pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' }), { max: 8, checks: [labelKeys] }),
      parametersRef: caCertificateRef,
    }),
    listeners: listeners,
    tls: obj({
      backend: obj({ clientCertificateRef: certificateRef }),
      frontend: obj(
        {
          default: defaultShape,
          perPort: list(obj({ port: intWith({ min: 1, max: 65535 }), tls: defaultShape }, { required: ['port', 'tls'] }), {
            max: 64,
            uniqueBy: ['port'],
            checks: [uniquePorts],
          }),
        },
        { required: ['default'] },
      ),
    }),
  },
  { required: ['gatewayClassName', 'listeners'] },
);

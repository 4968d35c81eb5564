/**
 * What a AuthorizationPolicy may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { serviceAccountsAlone } from './checks.js';
import { selector, targetRef, targetRefs } from './istio-shared.js';
import { list, obj, oneOf, str, strWith } from './shape.js';

/** `spec` of AuthorizationPolicy. */
export const authorizationPolicyShape = obj(
  {
    action: oneOf(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']),
    provider: obj({ name: str }),
    rules: list(
      obj({
        from: list(
          obj({
            source: obj(
              {
                ipBlocks: list(str),
                namespaces: list(str),
                notIpBlocks: list(str),
                notNamespaces: list(str),
                notPrincipals: list(str),
                notRemoteIpBlocks: list(str),
                notRequestPrincipals: list(str),
                notServiceAccounts: list(strWith({ max: 320 }), { max: 16 }),
                notTrustDomains: list(str),
                principals: list(str),
                remoteIpBlocks: list(str),
                requestPrincipals: list(str),
                serviceAccounts: list(strWith({ max: 320 }), { max: 16 }),
                trustDomains: list(str),
              },
              { checks: [serviceAccountsAlone] },
            ),
          }),
          { max: 512 },
        ),
        to: list(
          obj({
            operation: obj({
              hosts: list(str),
              methods: list(str),
              notHosts: list(str),
              notMethods: list(str),
              notPaths: list(str),
              notPorts: list(str),
              paths: list(str),
              ports: list(str),
            }),
          }),
        ),
        when: list(obj({ key: str, notValues: list(str), values: list(str) }, { required: ['key'] })),
      }),
      { max: 512 },
    ),
    selector: selector,
    targetRef: targetRef,
    targetRefs: targetRefs,
  },
  { atMostOne: [['selector', 'targetRef', 'targetRefs']] },
);

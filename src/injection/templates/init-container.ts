/**
 * The container that leads traffic to the proxy (IN-007), or, where a CNI plugin has done that, the one that checks it (IN-008).
 * https://istio.io/latest/docs/ops/deployment/application-requirements/
 */
import { type Container, INIT_CONTAINER, VALIDATION_CONTAINER } from '../pod.js';
import { annotated, defined, type TemplateInput, when } from '../template-input.js';
import { proxyVariables } from './environment.js';
import { initImage } from './image.js';
import { proxyResources } from './resources.js';
import { interceptionArguments, interceptionMode } from './traffic.js';

export function initContainer(input: TemplateInput): Container {
  const { global, pilot } = input.values;
  const isCni = pilot.cni.enabled;
  const isTproxy = interceptionMode(input) === 'TPROXY';
  const env = proxyVariables(input);
  const args = [
    'istio-iptables',
    ...interceptionArguments(input, isTproxy ? 1337 : input.proxyUid),
    `--log_output_level=${annotated(input, 'sidecar.istio.io/agentLogLevel', global.logging.level)}`,
    ...when(global.logAsJson, '--log_as_json'),
    ...when(isCni, '--run-validation', '--skip-rule-apply'),
    ...when(!isCni && global.proxy_init.forceApplyIptables, '--force-apply'),
    ...when(global.nativeNftables, '--native-nftables'),
  ];
  return defined({
    name: isCni ? VALIDATION_CONTAINER : INIT_CONTAINER,
    image: initImage(input),
    args,
    imagePullPolicy: global.imagePullPolicy === '' ? undefined : global.imagePullPolicy,
    env: env.length === 0 ? undefined : env,
    resources: proxyResources(input),
    securityContext: securityContext(input, isCni, isTproxy),
  }) as Container;
}

/** Rules need root and two capabilities; to look at them nothing is needed. */
function securityContext({ values, proxyUid, proxyGid }: TemplateInput, isCni: boolean, isTproxy: boolean): Container['securityContext'] {
  const { privileged, seccompProfile } = values.global.proxy;
  return {
    allowPrivilegeEscalation: privileged,
    privileged,
    capabilities: { ...(!isCni && { add: ['NET_ADMIN', 'NET_RAW'] }), drop: ['ALL'] },
    readOnlyRootFilesystem: isCni,
    runAsGroup: isCni ? (isTproxy ? 1337 : proxyGid) : 0,
    runAsNonRoot: isCni,
    runAsUser: isCni ? (isTproxy ? 1337 : proxyUid) : 0,
    ...seccomp(seccompProfile),
  };
}

export const seccomp = (profile: Record<string, unknown> | undefined): object =>
  profile === undefined || Object.keys(profile).length === 0 ? {} : { seccompProfile: profile };

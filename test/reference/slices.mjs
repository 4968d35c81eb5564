/** EndpointSlices as Kubernetes' controller would make them: Mizzen does without, the reference does not. */

/** The resources and, for each Service that selects pods and has no slice yet, its slices. IPv4 only. */
export function withSlices(resources) {
  const sliced = new Set(
    resources
      .filter(({ kind }) => kind === 'EndpointSlice')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`),
  );
  const pods = resources.filter(({ kind, status }) => kind === 'Pod' && status?.podIP?.includes('.') && !/Failed|Succeeded/.test(status.phase));
  const services = resources.filter(
    ({ kind, metadata, spec }) =>
      kind === 'Service' && spec?.selector && spec.type !== 'ExternalName' && !sliced.has(`${metadata.namespace}/${metadata.name}`),
  );
  return [...resources, ...services.flatMap((service) => slicesOf(service, pods))];
}

function slicesOf({ metadata: { name, namespace }, spec }, pods) {
  const selected = pods.filter(
    ({ metadata }) => metadata.namespace === namespace && Object.entries(spec.selector).every(([key, value]) => metadata.labels?.[key] === value),
  );
  // Pods whose named ports differ have slices of their own.
  const byPorts = Map.groupBy(selected, (pod) => JSON.stringify(portsOf(spec.ports ?? [], pod)));
  return [...byPorts].map(([ports, group], index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${index}`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: JSON.parse(ports),
    endpoints: group.map((pod) => endpointOf(pod, name, namespace, spec.publishNotReadyAddresses === true)),
  }));
}

const portsOf = (ports, { spec }) =>
  ports.flatMap(({ name = '', port, targetPort = port, protocol = 'TCP', appProtocol }) => {
    const named = () => (spec?.containers ?? []).flatMap((container) => container.ports ?? []).find((one) => one.name === targetPort)?.containerPort;
    const number = typeof targetPort === 'string' ? named() : targetPort;
    return number === undefined ? [] : [{ name, port: number, protocol, ...(appProtocol && { appProtocol }) }];
  });

function endpointOf({ metadata, spec, status }, service, namespace, always) {
  const serving = (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return {
    addresses: [status.podIP],
    conditions: { ready: serving || always, serving, terminating: metadata.deletionTimestamp !== undefined },
    ...(spec?.hostname && spec.subdomain === service && { hostname: spec.hostname }),
    ...(spec?.nodeName && { nodeName: spec.nodeName }),
    targetRef: { kind: 'Pod', name: metadata.name, namespace },
  };
}

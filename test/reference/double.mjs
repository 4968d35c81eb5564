/**
 * The reference's test double (pilot/test/xds/fake.go) made to do what the control plane does with several clusters: their order, services of
 * one another, networks by the
 * label of the root namespace, pods of remote clusters behind ServiceEntries, and WorkloadEntries of remote clusters.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const EDITS = {
  'pilot/test/xds/fake.go': [
    [
      'for k8sCluster, objs := range k8sObjects {',
      'for _, k8sCluster := range InOrder(k8sObjects, opts.DefaultClusterName) {\n\t\tobjs := k8sObjects[k8sCluster]',
    ],
    ['ConfigCluster:   k8sCluster == opts.DefaultClusterName,', '$&\n\t\t\tSystemNamespace: "istio-system",'],
    [
      'registries = append(registries, k8s)',
      `$&
		if len(RemoteWorkloads[k8sCluster]) > 0 {
			registry, workloads := remoteWorkloads(t, k8s, xdsUpdater, meshwatcher.NewTestWatcher(m), stop)
			registries = append(registries, registry)
			remotes = append(remotes, workloads)
		}`,
    ],
    ['var registries []serviceregistry.Instance', '$&\n\tvar remotes []func(func(*model.WorkloadInstance, model.Event))'],
    [
      `if !ok || k8s.Cluster() != cg.ServiceEntryRegistry.Cluster() {
			continue
		}`,
      `if !ok {
			continue
		}
		if k8s.Cluster() != cg.ServiceEntryRegistry.Cluster() {
			k8s.AppendWorkloadHandler(cg.ServiceEntryRegistry.WorkloadInstanceHandler)
			continue
		}`,
    ],
    [
      's.WorkloadEntryController = autoregistration.NewController(',
      `for _, one := range remotes {
		one(cg.ServiceEntryRegistry.WorkloadInstanceHandler)
	}
	$&`,
    ],
  ],
  'pilot/pkg/serviceregistry/kube/controller/fake.go': [
    ['\toptions := Options{', '\tif shared != nil {\n\t\tmeshServiceController = shared\n\t}\n\tshared = meshServiceController\n\n$&'],
    ['type FakeController struct {', '// All clusters of a case see the services of one another.\nvar shared *aggregate.Controller\n\n$&'],
  ],
};

/** Changes the double in a copy of the reference's module. */
export function editDouble(module) {
  for (const [name, edits] of Object.entries(EDITS)) {
    const file = join(module, name);
    let text = readFileSync(file, 'utf8');
    for (const [from, to] of edits) {
      if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
      text = text.replace(from, () => to.replace('$&', () => from));
    }
    writeFileSync(file, text);
  }
  copyFileSync(join(import.meta.dirname, 'double/clusters.go'), join(module, 'pilot/test/xds/clusters.go'));
}

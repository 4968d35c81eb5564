package xds

import (
	"sort"

	"istio.io/istio/pilot/pkg/config/memory"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/serviceregistry"
	kube "istio.io/istio/pilot/pkg/serviceregistry/kube/controller"
	"istio.io/istio/pilot/pkg/serviceregistry/serviceentry"
	"istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/test"
)

// WorkloadEntries of remote clusters.
var RemoteWorkloads = map[cluster.ID][]config.Config{}

// The cluster whose configuration holds is the first, as in the control plane itself; which comes next is chance there, and by name here.
func InOrder[T any](clusters map[cluster.ID]T, first cluster.ID) []cluster.ID {
	var all []cluster.ID
	for id := range clusters {
		all = append(all, id)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] == first || (all[j] != first && all[i] < all[j]) })
	return all
}

// The registry of a remote cluster's WorkloadEntries, which its Services and all ServiceEntries select: who selects them too is given to what is returned.
func remoteWorkloads(
	t test.Failer, k8s *kube.FakeController, updater model.XDSUpdater, mesh meshwatcher.WatcherCollection, stop chan struct{},
) (serviceregistry.Instance, func(func(*model.WorkloadInstance, model.Event))) {
	store := memory.NewController(memory.MakeSkipValidation(collections.Pilot))
	c := serviceentry.NewWorkloadEntryController(store, updater, nil, mesh,
		serviceentry.WithClusterID(k8s.Cluster()), serviceentry.WithNetworkIDCb(k8s.Network), serviceentry.WithKRTDebugger(krt.GlobalDebugHandler))
	c.AppendWorkloadHandler(k8s.WorkloadInstanceHandler)
	return c, func(selects func(*model.WorkloadInstance, model.Event)) {
		c.AppendWorkloadHandler(selects)
		for _, one := range RemoteWorkloads[k8s.Cluster()] {
			if _, err := store.Create(one); err != nil {
				t.Fatal(err)
			}
		}
		go store.Run(stop)
	}
}

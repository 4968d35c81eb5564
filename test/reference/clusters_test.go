package reference

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/serviceregistry/aggregate"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/gvk"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/kclient/clienttest"
	"istio.io/istio/pkg/kube/mcs"
)

const configCluster = cluster.ID("Kubernetes")

// What the clusters hold. Of remote ones WorkloadEntries are all of Istio's own kinds that count.
type world struct {
	configs []config.Config
	objects map[cluster.ID][]runtime.Object
	// Kinds without a client of their own.
	untyped map[cluster.ID][]*unstructured.Unstructured
}

// input.yaml is of the cluster whose configuration holds, clusters/NAME.yaml of remote ones.
func clustersOf(t *testing.T, in string) world {
	w := world{objects: map[cluster.ID][]runtime.Object{}, untyped: map[cluster.ID][]*unstructured.Unstructured{}}
	read := func(id cluster.ID, file string) []config.Config {
		b, err := os.ReadFile(file)
		must(t, err)
		configs, objects, untyped := parse(t, string(b))
		w.objects[id], w.untyped[id] = objects, untyped
		return configs
	}
	w.configs = read(configCluster, filepath.Join(in, "input.yaml"))
	files, err := filepath.Glob(filepath.Join(in, "clusters", "*.yaml"))
	must(t, err)
	for _, file := range files {
		id := cluster.ID(strings.TrimSuffix(filepath.Base(file), ".yaml"))
		for _, c := range read(id, file) {
			if c.GroupVersionKind == gvk.WorkloadEntry {
				xds.RemoteWorkloads[id] = append(xds.RemoteWorkloads[id], c)
			}
		}
	}
	return w
}

// The fake clients take what has no client of its own only once they are there; they are made in order, one for each cluster.
func (w world) clients(t *testing.T) func(objects ...runtime.Object) kubelib.Client {
	order := xds.InOrder(w.objects, configCluster)
	return func(objects ...runtime.Object) kubelib.Client {
		c := kubelib.NewFakeClient(objects...)
		clienttest.MakeCRD(t, c, mcs.ServiceExportGVR)
		clienttest.MakeCRD(t, c, mcs.ServiceImportGVR)
		for _, u := range w.untyped[order[0]] {
			resource := mcs.ServiceExportGVR
			if u.GetKind() == "ServiceImport" {
				resource = mcs.ServiceImportGVR
			}
			_, err := c.Dynamic().Resource(resource).Namespace(u.GetNamespace()).Create(context.Background(), u, metav1.CreateOptions{})
			must(t, err)
		}
		order = order[1:]
		return c
	}
}

// MeshConfig, or the ConfigMap that holds it beside MeshNetworks.
func settings(t *testing.T, text string) (*meshconfig.MeshConfig, mesh.NetworksWatcher) {
	var m struct {
		Kind string            `json:"kind"`
		Data map[string]string `json:"data"`
	}
	must(t, yaml.Unmarshal([]byte(text), &m))
	if m.Kind != "ConfigMap" {
		m.Data = map[string]string{"mesh": text}
	}
	c, err := mesh.ApplyMeshConfigDefaults(m.Data["mesh"])
	must(t, err)
	if m.Data["meshNetworks"] == "" {
		return c, nil
	}
	networks, err := mesh.ParseMeshNetworks(m.Data["meshNetworks"])
	must(t, err)
	return c, meshwatcher.NewFixedNetworksWatcher(networks)
}

// Gateways by name, for clusters of DNS, are only known once somebody tells of gateways and none has changed: with several clusters sooner or later.
func settleGateways(t *testing.T, s *xds.FakeDiscoveryServer) {
	s.Env().ServiceDiscovery.(*aggregate.Controller).NotifyGatewayHandlers()
	s.Env().ServiceDiscovery.(*aggregate.Controller).NotifyGatewayHandlers()
	s.EnsureSynced(t)
}

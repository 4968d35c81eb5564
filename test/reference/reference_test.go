// Package reference asks the reference control plane, in one process and without a cluster, what it serves for a case of Mizzen's conformance data
// (input.yaml, mesh.yaml, proxies.yaml, and clusters/NAME.yaml of remote clusters), and writes it as such cases have it: OUT/NAME/expect/PROXY.json, and expect-ecds. It is built inside a copy of
// the module istio.io/istio (run.mjs does it); REFERENCE_IN and REFERENCE_OUT are the folders.
package reference

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	v3 "istio.io/istio/pilot/pkg/xds/v3"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/gatewayapi"
	"istio.io/istio/pkg/config/schema/gvr"
	_ "istio.io/istio/pkg/config/xds"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/kclient/clienttest"
	"istio.io/istio/pkg/kube/mcs"
)

type proxy struct {
	Name     string         `json:"name"`
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata"`
	Locality string         `json:"locality"`
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var sep = regexp.MustCompile(`(?m)^---.*$`)

func TestReference(t *testing.T) {
	in, out := os.Getenv("REFERENCE_IN"), os.Getenv("REFERENCE_OUT")
	dirs, err := os.ReadDir(in)
	must(t, err)
	for _, d := range dirs {
		t.Run(d.Name(), func(t *testing.T) { one(t, filepath.Join(in, d.Name()), filepath.Join(out, d.Name())) })
	}
}

func documents(t *testing.T, text string) []map[string]any {
	var docs []map[string]any
	for _, s := range sep.Split(text, -1) {
		var m map[string]any
		must(t, yaml.Unmarshal([]byte(s), &m))
		if m == nil {
			continue
		}
		if items, ok := m["items"].([]any); ok && m["kind"] == "List" {
			for _, i := range items {
				docs = append(docs, i.(map[string]any))
			}
			continue
		}
		docs = append(docs, m)
	}
	return docs
}

// The resources of a text, as an API server would hand them out.
func parse(t *testing.T, text string) (configs []config.Config, objects []runtime.Object, untyped []*unstructured.Unstructured) {
	for n, doc := range documents(t, text) {
		version, _ := doc["apiVersion"].(string)
		meta, _ := doc["metadata"].(map[string]any)
		if meta == nil {
			continue
		}
		if strings.HasPrefix(version, mcs.MCSSchemeGroupVersion.Group) {
			u := &unstructured.Unstructured{Object: doc}
			// Sent as JSON, so that numbers are what an API server would say.
			b, err := u.MarshalJSON()
			must(t, err)
			must(t, u.UnmarshalJSON(b))
			untyped = append(untyped, u)
			continue
		}
		istio := strings.Contains(strings.SplitN(version, "/", 2)[0], "istio.io")
		gw := strings.HasPrefix(version, "gateway.networking.")
		if _, ok := meta["namespace"]; !ok && doc["kind"] != "Namespace" && doc["kind"] != "Node" && doc["kind"] != "GatewayClass" && doc["kind"] != "IngressClass" {
			meta["namespace"] = "default"
		}
		if meta["creationTimestamp"] == nil {
			if istio || gw {
				meta["creationTimestamp"] = time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
			} else {
				meta["creationTimestamp"] = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
			}
		}
		if gw {
			// As an API server would show them to who asks for the newest version.
			if kind := doc["kind"]; kind == "TCPRoute" || kind == "TLSRoute" {
				doc["apiVersion"] = "gateway.networking.k8s.io/v1"
			}
			defaults(doc)
			// As an API server converts them.
			switch doc["kind"] {
			case "Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "BackendTLSPolicy", "ListenerSet":
				doc["apiVersion"] = "gateway.networking.k8s.io/v1"
			}
		}
		b, err := yaml.Marshal(doc)
		must(t, err)
		if istio {
			c, _, err := crd.ParseInputs(string(b))
			if err != nil {
				t.Logf("skipped %v %v: %v", doc["kind"], meta["name"], err)
				continue
			}
			for i := range c {
				c[i].Domain = "cluster.local"
			}
			configs = append(configs, c...)
			// Routes that name one as their parent look for it there.
			if doc["kind"] != "ServiceEntry" || version != "networking.istio.io/v1" {
				continue
			}
		}
		o, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(b, nil, nil)
		if err != nil {
			t.Logf("skipped %v %v: %v", doc["kind"], meta["name"], err)
			continue
		}
		objects = append(objects, o)
	}
	return configs, objects, untyped
}

func one(t *testing.T, in, out string) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(in, name))
		if os.IsNotExist(err) {
			return ""
		}
		must(t, err)
		return string(b)
	}
	w := clustersOf(t, in)
	m, networks := settings(t, read("mesh.yaml"))
	// The double's definitions tell no version, and would be passed over.
	clear(gatewayapi.MinimumCRDVersions)
	s := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjectsByCluster: w.objects, Configs: w.configs, MeshConfig: m, NetworksWatcher: networks,
		DefaultClusterName: configCluster, DisableSecretAuthorization: true, KubeClientBuilder: w.clients(t),
		// The double brings the other definitions itself.
		KubeClientModifier: func(c kubelib.Client) {
			for _, one := range []schema.GroupVersionResource{gvr.BackendTLSPolicy, gvr.XBackendTrafficPolicy, gvr.ListenerSet} {
				clienttest.MakeCRD(t, c, one)
			}
		},
	})
	var proxies []proxy
	must(t, yaml.Unmarshal([]byte(read("proxies.yaml")), &proxies))
	must(t, os.MkdirAll(filepath.Join(out, "expect"), 0o755))
	s.EnsureSynced(t)
	settleGateways(t, s)
	for _, p := range proxies {
		md, err := structpb.NewStruct(p.Metadata)
		must(t, err)
		node := &core.Node{Id: p.ID, Metadata: md}
		if p.Locality != "" {
			l := append(strings.Split(p.Locality, "/"), "", "")
			node.Locality = &core.Locality{Region: l[0], Zone: l[1], SubZone: l[2]}
		}
		stream := connect(t, s)
		ask := func(url string, names []string) []proto.Message {
			r := request(t, stream, &discovery.DiscoveryRequest{Node: node, TypeUrl: url, ResourceNames: names})
			var all []proto.Message
			for _, a := range r.Resources {
				msg, err := a.UnmarshalNew()
				must(t, err)
				all = append(all, msg)
			}
			return all
		}
		got := map[string]map[string]json.RawMessage{"clusters": {}, "endpoints": {}, "listeners": {}, "routes": {}}
		put := func(kind, name string, msg proto.Message) {
			b, err := protojson.Marshal(msg)
			must(t, err)
			got[kind][name] = b
		}
		var eds []string
		for _, msg := range ask(v3.ClusterType, nil) {
			c := msg.(*cluster.Cluster)
			put("clusters", c.Name, c)
			if c.GetType() == cluster.Cluster_EDS {
				n := c.Name
				if c.GetEdsClusterConfig().GetServiceName() != "" {
					n = c.GetEdsClusterConfig().GetServiceName()
				}
				eds = append(eds, n)
			}
		}
		if len(eds) > 0 {
			sort.Strings(eds)
			for _, msg := range ask(v3.EndpointType, eds) {
				c := msg.(*endpoint.ClusterLoadAssignment)
				put("endpoints", c.ClusterName, c)
			}
		}
		var rds, ecds []string
		for _, msg := range ask(v3.ListenerType, nil) {
			l := msg.(*listener.Listener)
			put("listeners", l.Name, l)
			b, _ := protojson.Marshal(l)
			for _, f := range regexp.MustCompile(`"routeConfigName":\s*"([^"]*)"`).FindAllStringSubmatch(string(b), -1) {
				var n string
				_ = json.Unmarshal([]byte(`"`+f[1]+`"`), &n)
				rds = append(rds, n)
			}
			if strings.Contains(string(b), "configDiscovery") {
				var v any
				_ = json.Unmarshal(b, &v)
				walk(v, func(o map[string]any) {
					if _, ok := o["configDiscovery"]; ok {
						if n, ok := o["name"].(string); ok {
							ecds = append(ecds, n)
						}
					}
				})
			}
		}
		rds = unique(rds)
		if len(rds) > 0 {
			for _, msg := range ask(v3.RouteType, rds) {
				r := msg.(*route.RouteConfiguration)
				put("routes", r.Name, r)
			}
		}
		write := func(folder string, v any) {
			b, err := json.MarshalIndent(v, "", " ")
			must(t, err)
			must(t, os.MkdirAll(filepath.Join(out, folder), 0o755))
			must(t, os.WriteFile(filepath.Join(out, folder, p.Name+".json"), b, 0o644))
		}
		write("expect", got)
		if ecds = unique(ecds); len(ecds) > 0 {
			r := request(t, stream, &discovery.DiscoveryRequest{Node: node, TypeUrl: v3.ExtensionConfigurationType, ResourceNames: ecds})
			m := map[string]json.RawMessage{}
			for _, a := range r.Resources {
				msg, err := a.UnmarshalNew()
				must(t, err)
				b, err := protojson.Marshal(msg)
				must(t, err)
				m[msg.(*core.TypedExtensionConfig).Name] = b
			}
			write("expect-ecds", m)
		}
		must(t, stream.CloseSend())
	}
	fmt.Println("done", filepath.Base(in), len(w.configs), len(w.objects))
}

type adsStream = discovery.AggregatedDiscoveryService_StreamAggregatedResourcesClient

func connect(t *testing.T, s *xds.FakeDiscoveryServer) adsStream {
	conn, err := grpc.NewClient("passthrough:///reference", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return s.BufListener.Dial() }))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := discovery.NewAggregatedDiscoveryServiceClient(conn).StreamAggregatedResources(ctx)
	must(t, err)
	return stream
}

// The answer to a question, accepted; what is pushed meanwhile of other types is not of interest.
func request(t *testing.T, stream adsStream, q *discovery.DiscoveryRequest) *discovery.DiscoveryResponse {
	must(t, stream.Send(q))
	for {
		r, err := stream.Recv()
		must(t, err)
		must(t, stream.Send(&discovery.DiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce, VersionInfo: r.VersionInfo, ResourceNames: q.ResourceNames}))
		if r.TypeUrl == q.TypeUrl {
			return r
		}
	}
}

func unique(in []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	sort.Strings(out)
	return out
}

func walk(v any, f func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		f(x)
		for _, c := range x {
			walk(c, f)
		}
	case []any:
		for _, c := range x {
			walk(c, f)
		}
	}
}

func set(o map[string]any, k string, v any) {
	if _, ok := o[k]; !ok {
		o[k] = v
	}
}

func each(v any, f func(map[string]any)) {
	if l, ok := v.([]any); ok {
		for _, i := range l {
			if m, ok := i.(map[string]any); ok {
				f(m)
			}
		}
	}
}

// What the CRDs' schemas fill in.
func defaults(doc map[string]any) {
	spec, _ := doc["spec"].(map[string]any)
	if spec == nil {
		return
	}
	kind, _ := doc["kind"].(string)
	each(spec["parentRefs"], func(o map[string]any) { set(o, "group", "gateway.networking.k8s.io"); set(o, "kind", "Gateway") })
	backend := func(o map[string]any) { set(o, "group", ""); set(o, "kind", "Service"); set(o, "weight", 1) }
	filters := func(v any) {
		each(v, func(o map[string]any) {
			if m, ok := o["requestMirror"].(map[string]any); ok {
				if b, ok := m["backendRef"].(map[string]any); ok {
					set(b, "group", "")
					set(b, "kind", "Service")
				}
			}
			if m, ok := o["requestRedirect"].(map[string]any); ok {
				set(m, "statusCode", 302)
			}
		})
	}
	if strings.HasSuffix(kind, "Route") {
		if kind == "HTTPRoute" {
			set(spec, "rules", []any{map[string]any{}})
		}
		each(spec["rules"], func(r map[string]any) {
			each(r["backendRefs"], func(o map[string]any) { backend(o); filters(o["filters"]) })
			filters(r["filters"])
			if kind == "HTTPRoute" {
				set(r, "matches", []any{map[string]any{}})
				each(r["matches"], func(m map[string]any) {
					set(m, "path", map[string]any{})
					if p, ok := m["path"].(map[string]any); ok {
						set(p, "type", "PathPrefix")
						set(p, "value", "/")
					}
				})
			}
			each(r["matches"], func(m map[string]any) {
				for _, k := range []string{"headers", "queryParams"} {
					each(m[k], func(h map[string]any) { set(h, "type", "Exact") })
				}
				if p, ok := m["method"].(map[string]any); ok {
					set(p, "type", "Exact")
				}
			})
		})
	}
	if kind == "Gateway" || kind == "ListenerSet" || kind == "XListenerSet" {
		each(spec["listeners"], func(l map[string]any) {
			set(l, "allowedRoutes", map[string]any{})
			a := l["allowedRoutes"].(map[string]any)
			set(a, "namespaces", map[string]any{})
			set(a["namespaces"].(map[string]any), "from", "Same")
			each(a["kinds"], func(k map[string]any) { set(k, "group", "gateway.networking.k8s.io") })
			if tls, ok := l["tls"].(map[string]any); ok {
				set(tls, "mode", "Terminate")
				each(tls["certificateRefs"], func(c map[string]any) { set(c, "group", ""); set(c, "kind", "Secret") })
			}
		})
	}
}

package reference

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"istio.io/istio/pkg/config/crd"
	istiocrd "istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
)

type verdict struct {
	Verdict string `json:"verdict"`
	Layer   string `json:"layer,omitempty"`
	Said    string `json:"said,omitempty"`
}

// TestVerdicts says of each line of REFERENCE_VERDICTS_IN (a resource in JSON) what an API server with the reference's definitions and its webhook
// says: accept, warn or reject, a line each in REFERENCE_VERDICTS_OUT.
func TestVerdicts(t *testing.T) {
	in, err := os.Open(os.Getenv("REFERENCE_VERDICTS_IN"))
	must(t, err)
	defer in.Close()
	out, err := os.Create(os.Getenv("REFERENCE_VERDICTS_OUT"))
	must(t, err)
	defer out.Close()
	module := os.Getenv("REFERENCE_MODULE")
	definitions, err := crd.NewValidatorFromFiles(
		filepath.Join(module, "tests/integration/pilot/testdata/gateway-api-crd.yaml"),
		filepath.Join(module, "manifests/charts/base/files/crd-all.gen.yaml"),
	)
	must(t, err)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<26)
	to := json.NewEncoder(out)
	for lines.Scan() {
		must(t, to.Encode(judge(definitions, lines.Bytes())))
	}
	must(t, lines.Err())
}

func judge(definitions *crd.Validator, raw []byte) (v verdict) {
	defer func() {
		if r := recover(); r != nil {
			v = verdict{Verdict: "panic"}
		}
	}()
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return verdict{Verdict: "reject", Layer: "json", Said: err.Error()}
	}
	if err := definitions.ValidateCustomResource(u); err != nil {
		layer := "crd"
		if strings.Contains(err.Error(), ": unknown fields [") {
			layer = "unknown"
		}
		return verdict{Verdict: "reject", Layer: layer, Said: err.Error()}
	}
	if !strings.Contains(u.GetAPIVersion(), "istio.io") {
		return verdict{Verdict: "accept"}
	}
	// With the definitions' defaults in it.
	defaulted, err := u.MarshalJSON()
	if err != nil {
		return verdict{Verdict: "reject", Layer: "json", Said: err.Error()}
	}
	var obj istiocrd.IstioKind
	if err := json.Unmarshal(defaulted, &obj); err != nil {
		return verdict{Verdict: "reject", Layer: "istiod", Said: err.Error()}
	}
	gvk := obj.GroupVersionKind()
	schema, ok := collections.PilotGatewayAPI().FindByGroupKind(resource.FromKubernetesGVK(&gvk))
	if !ok {
		return verdict{Verdict: "unknown kind"}
	}
	config, err := istiocrd.ConvertObject(schema, &obj, "cluster.local")
	if err != nil {
		return verdict{Verdict: "reject", Layer: "istiod", Said: err.Error()}
	}
	warnings, err := schema.ValidateConfig(*config)
	if err != nil {
		return verdict{Verdict: "reject", Layer: "istiod", Said: err.Error()}
	}
	if warnings != nil {
		return verdict{Verdict: "warn", Layer: "istiod", Said: warnings.Error()}
	}
	return verdict{Verdict: "accept"}
}

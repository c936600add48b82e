// This program is a traffic router of Argo Rollouts that writes the weights of an HTTPRoute, and no
// more than that: a stand-in for the project's plugin for Gateway API, whose module cannot be had.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const name = "paddle-sla/httproute"

var routes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

type router struct{ client dynamic.Interface }

var _ rpc.TrafficRouterPlugin = &router{}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: "trafficrouter",
		},
		Plugins: plugin.PluginSet{"RpcTrafficRouterPlugin": &rpc.RpcTrafficRouterPlugin{Impl: &router{}}},
	})
}

func said(err error) types.RpcError {
	if err == nil {
		return types.RpcError{}
	}
	return types.RpcError{ErrorString: err.Error()}
}

func (r *router) InitPlugin() types.RpcError {
	config, err := rest.InClusterConfig()
	if err == nil {
		r.client, err = dynamic.NewForConfig(config)
	}
	return said(err)
}

// SetWeight gives the canary's Service its share in every rule of the route, and the stable one the rest.
func (r *router) SetWeight(ro *v1alpha1.Rollout, desired int32, _ []v1alpha1.WeightDestination) types.RpcError {
	canary := ro.Spec.Strategy.Canary
	var set struct{ HTTPRoute string }
	if err := json.Unmarshal(canary.TrafficRouting.Plugins[name], &set); err != nil {
		return said(fmt.Errorf("the settings of %s: %w", name, err))
	}
	shares := map[string]int64{canary.CanaryService: int64(desired), canary.StableService: int64(100 - desired)}
	mine := r.client.Resource(routes).Namespace(ro.Namespace)
	route, err := mine.Get(context.TODO(), set.HTTPRoute, metav1.GetOptions{})
	if err != nil || !weigh(route, shares) {
		return said(err)
	}
	_, err = mine.Update(context.TODO(), route, metav1.UpdateOptions{})
	return said(err)
}

// weigh says whether anything was to be changed.
func weigh(route *unstructured.Unstructured, shares map[string]int64) bool {
	changed := false
	spec := route.Object["spec"].(map[string]any)
	for _, rule := range spec["rules"].([]any) {
		for _, each := range rule.(map[string]any)["backendRefs"].([]any) {
			backend := each.(map[string]any)
			share, ours := shares[backend["name"].(string)]
			if ours && backend["weight"] != share {
				backend["weight"], changed = share, true
			}
		}
	}
	return changed
}

func (r *router) UpdateHash(*v1alpha1.Rollout, string, string, []v1alpha1.WeightDestination) types.RpcError {
	return types.RpcError{}
}

func (r *router) SetHeaderRoute(*v1alpha1.Rollout, *v1alpha1.SetHeaderRoute) types.RpcError {
	return types.RpcError{}
}

func (r *router) SetMirrorRoute(*v1alpha1.Rollout, *v1alpha1.SetMirrorRoute) types.RpcError {
	return types.RpcError{}
}

func (r *router) VerifyWeight(*v1alpha1.Rollout, int32, []v1alpha1.WeightDestination) (types.RpcVerified, types.RpcError) {
	return types.NotImplemented, types.RpcError{}
}

func (r *router) RemoveManagedRoutes(*v1alpha1.Rollout) types.RpcError { return types.RpcError{} }

func (r *router) Type() string { return name }

//go:build tools

// Package tools pins the programs of github.com/envoyproxy/gateway that the embedded cluster builds.
package tools

import (
	_ "github.com/envoyproxy/gateway/cmd/envoy-gateway"
)

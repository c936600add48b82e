//go:build tools

// Package tools pins the programs of github.com/yannh/kubeconform that the embedded cluster builds.
package tools

import (
	_ "github.com/yannh/kubeconform/cmd/kubeconform"
)

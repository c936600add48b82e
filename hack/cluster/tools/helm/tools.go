//go:build tools

// Package tools pins the programs of helm.sh/helm/v3 that the embedded cluster builds.
package tools

import (
	_ "helm.sh/helm/v3/cmd/helm"
)

//go:build tools

// Package tools pins the program of sigs.k8s.io/metrics-server that the embedded cluster builds.
package tools

import (
	_ "sigs.k8s.io/metrics-server/cmd/metrics-server"
)

//go:build tools

// Package tools pins the program of github.com/fluxcd/flagger, which the benchmarks compare with.
package tools

import (
	_ "github.com/fluxcd/flagger/cmd/flagger"
)

//go:build tools

// What the embedded cluster builds of Argo Rollouts besides: its controller, which the benchmarks compare with.
package main

import (
	_ "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"
)

//go:build tools

// Package tools pins the programs of github.com/kedacore/keda that the embedded cluster builds when asked.
package tools

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)

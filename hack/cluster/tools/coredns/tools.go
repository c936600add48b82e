//go:build tools

// Package tools pins the programs of github.com/coredns/coredns that the embedded cluster builds.
package tools

import (
	_ "github.com/coredns/coredns"
)

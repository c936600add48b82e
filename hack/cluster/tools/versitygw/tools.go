//go:build tools

// Package tools pins the programs of github.com/versity/versitygw that the embedded cluster builds.
package tools

import (
	_ "github.com/versity/versitygw/cmd/versitygw"
)

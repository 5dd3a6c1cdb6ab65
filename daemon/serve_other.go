//go:build !linux

package daemon

import (
	"context"

	"authd/daemon/sandbox"
)

// Serve is the life of the service: that of one process, which runs commands
// itself.
func Serve(ctx context.Context, o Options) error {
	_, err := sandbox.Support()
	o.alone = err.Error()
	return Run(ctx, o)
}

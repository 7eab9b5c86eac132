//go:build !unix

package durable

import "os"

// lockFile does nothing where there is no flock: one directory, one process is up to the user.
func lockFile(*os.File) error { return nil }

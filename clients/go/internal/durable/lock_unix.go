//go:build unix

package durable

import (
	"os"
	"syscall"
)

// lockFile takes the operating system's lock, which ends with the process, however that ends.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// Package durable keeps a small set of named files that survive a power cut: what a reader must
// never forget. Whatever a call has returned for is on the disk; a crash before that leaves the old
// content.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files is a directory that belongs to this process until Close.
type Files struct {
	path string
	lock *os.File
}

// Open makes the directory when it is missing. It fails when another process holds it.
func Open(path string) (*Files, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(errors.New(path+" is in use by another process"), lock.Close())
	}
	return &Files{path: path, lock: lock}, syncDirectory(filepath.Dir(path))
}

// Close lets another process have the directory.
func (f *Files) Close() error { return f.lock.Close() }

// Read gives nil when there is no such file.
func (f *Files) Read(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(f.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Write replaces the whole file. The content is never half old, half new.
func (f *Files) Write(name string, data []byte) error {
	path := filepath.Join(f.path, name)
	if err := writeSynced(path+".unfinished", data); err != nil {
		return err
	}
	if err := os.Rename(path+".unfinished", path); err != nil {
		return err
	}
	return syncDirectory(f.path)
}

// Remove takes a file away; it is no error when it is not there.
func (f *Files) Remove(name string) error {
	err := os.Remove(filepath.Join(f.path, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDirectory(f.path)
}

// List gives the names that begin with prefix and were finished.
func (f *Files) List(prefix string) ([]string, error) {
	entries, err := os.ReadDir(f.path)
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, ".unfinished") {
			names = append(names, name)
		}
	}
	return names, err
}

func writeSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

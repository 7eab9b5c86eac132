package cardlane_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What is committed in gen is what `go generate` makes.
func TestGeneratedCodeIsUpToDate(t *testing.T) {
	buf, err := filepath.Abs("../../node_modules/.bin/buf")
	check(t, err)
	if _, err := os.Stat(buf); err != nil {
		t.Skip("buf is not there: npm ci in the root installs it")
	}
	made := t.TempDir()
	output, err := exec.Command(buf, "generate", "--template", "buf.gen.go.yaml", "-o", made).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	want, got := filesBelow(t, filepath.Join(made, "gen")), filesBelow(t, "gen")
	for name, content := range want {
		if !bytes.Equal(content, got[name]) {
			t.Errorf("gen/%s is not up to date: go generate .", name)
		}
	}
	for name := range got {
		if _, isMade := want[name]; !isMade {
			t.Errorf("gen/%s is of no contract: go generate .", name)
		}
	}
}

func filesBelow(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	check(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	}))
	return files
}

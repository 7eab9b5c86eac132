// Package vectors reads the language-neutral test vectors of the repository.
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Hex is bytes that stand as hexadecimal text in a vector.
type Hex []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(text []byte) error {
	decoded, err := hex.DecodeString(string(text))
	*h = decoded
	return err
}

// Load reads a file of test/vectors.
func Load[Vector any](t testing.TB, name string) Vector {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "../../../../test/vectors", name)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vector Vector
	if err := json.Unmarshal(content, &vector); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return vector
}

// Repeated reads as one byte for ever: the fixed "random" of the worked example.
type Repeated byte

// Read implements io.Reader.
func (r Repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// Flips gives every copy of data that differs in one bit of one byte.
func Flips(data []byte) [][]byte {
	flips := make([][]byte, len(data))
	for i := range data {
		flipped := append([]byte(nil), data...)
		flipped[i] ^= 1 << (i % 8)
		flips[i] = flipped
	}
	return flips
}

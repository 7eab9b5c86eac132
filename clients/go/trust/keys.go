// Package trust says whom a program believes: the roots of its installation, certificates, the
// processor's key manifest and the results that it signed; and where a program's own keys are.
package trust

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
)

// KeyFolder is CARDLANE_KEYS_DIR: the keys of one program, a JSON file for each, named
// <purpose>.key.json or <purpose>.<key id>.key.json.
type KeyFolder string

type keyFile struct {
	Purpose     string `json:"purpose"`
	Development bool   `json:"development"`
	SecretKey   string `json:"secretKey"`
}

var keyFileName = regexp.MustCompile(`^([a-z-]+)(?:\.([0-9a-f]{16}))?\.key\.json$`)

// Keys gives every key of a purpose by its key id in hexadecimal; "" for a key without one.
func (f KeyFolder) Keys(purpose string) (map[string][]byte, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, err
	}
	keys := map[string][]byte{}
	for _, entry := range entries {
		match := keyFileName.FindStringSubmatch(entry.Name())
		if match == nil || match[1] != purpose {
			continue
		}
		if keys[match[2]], err = f.readKeyFile(entry.Name(), purpose); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// Key gives the only key of a purpose: 16 or 32 bytes.
func (f KeyFolder) Key(purpose string) ([]byte, error) {
	keys, err := f.Keys(purpose)
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%s must have one %s key, it has %d", f, purpose, len(keys))
	}
	for _, key := range keys {
		return key, nil
	}
	return nil, nil
}

// Signer gives the only Ed25519 key of a purpose.
func (f KeyFolder) Signer(purpose string) (ed25519.PrivateKey, error) {
	seed, err := f.Key(purpose)
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the %s key in %s must be 32 bytes, got %d", purpose, f, len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Agreement gives the only X25519 key of a purpose.
func (f KeyFolder) Agreement(purpose string) (*ecdh.PrivateKey, error) {
	secret, err := f.Key(purpose)
	if err != nil {
		return nil, err
	}
	return ecdh.X25519().NewPrivateKey(secret)
}

// PublicKey reads <name>.pub.json: the public key of another program, 32 bytes.
func (f KeyFolder) PublicKey(name string) ([]byte, error) {
	var content struct {
		PublicKey []byte `json:"publicKey"`
	}
	data, err := os.ReadFile(filepath.Join(string(f), name+".pub.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &content); err != nil || len(content.PublicKey) != 32 {
		return nil, fmt.Errorf("%s.pub.json in %s is not a public key", name, f)
	}
	return content.PublicKey, nil
}

// WriteKey writes a development key. id is empty where a program has one key of the purpose.
func (f KeyFolder) WriteKey(purpose string, id, secret []byte) error {
	name := purpose
	if len(id) > 0 {
		name += "." + hex.EncodeToString(id)
	}
	content, err := json.MarshalIndent(keyFile{
		Purpose: purpose, Development: true, SecretKey: base64.StdEncoding.EncodeToString(secret),
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(f), name+".key.json"), append(content, '\n'), 0o600)
}

// DestroyKey takes a key away for good: a reader's initial DUKPT key after it was loaded.
func (f KeyFolder) DestroyKey(purpose string) error {
	return os.Remove(filepath.Join(string(f), purpose+".key.json"))
}

// Read reads a message from its JSON file, such as certificate.json.
func (f KeyFolder) Read(name string, message proto.Message) error {
	data, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(data, message); err != nil {
		return fmt.Errorf("%s in %s could not be read", name, f)
	}
	return nil
}

// Write writes a message to its JSON file.
func (f KeyFolder) Write(name string, message proto.Message) error {
	data, err := protojson.MarshalOptions{Multiline: true}.Marshal(message)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(f), name), append(data, '\n'), 0o644)
}

// Certificate reads the program's own certificate.
func (f KeyFolder) Certificate() (*keysv1.SignedEnvelope, error) {
	envelope := new(keysv1.SignedEnvelope)
	return envelope, f.Read("certificate.json", envelope)
}

// Roots reads the roots that the installation trusts.
func (f KeyFolder) Roots() (*Roots, error) {
	wire := new(keysv1.TrustedRoots)
	if err := f.Read("trusted-roots.json", wire); err != nil {
		return nil, err
	}
	return NewRoots(wire)
}

func (f KeyFolder) readKeyFile(name, purpose string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		return nil, err
	}
	var file keyFile
	// A parser's message quotes what it read, so it is not passed on.
	if err := json.Unmarshal(data, &file); err != nil || file.Purpose != purpose {
		return nil, fmt.Errorf("%s in %s is not a %s key", name, f, purpose)
	}
	key, err := base64.StdEncoding.DecodeString(file.SecretKey)
	if err != nil || len(key) != 16 && len(key) != 32 {
		return nil, fmt.Errorf("%s in %s must hold 16 or 32 bytes in base64", name, f)
	}
	return key, nil
}

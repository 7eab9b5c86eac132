package vectors

import (
	"encoding/hex"
	"strings"
	"testing"
)

// Accepted is the verdict on what is in order; other verdicts are codes of refusals.
const Accepted = "accepted"

// Fields are a vector's inputs or what comes of them: texts, bytes as hexadecimal text, and lists.
type Fields map[string]any

// Text gives a field as it stands.
func (f Fields) Text(name string) string {
	text, _ := f[name].(string)
	return text
}

// Bytes gives a field that is hexadecimal text.
func (f Fields) Bytes(name string) []byte { return unhex(f.Text(name)) }

// List gives a field that is a list of hexadecimal texts.
func (f Fields) List(name string) [][]byte {
	var list [][]byte
	all, _ := f[name].([]any)
	for _, one := range all {
		text, _ := one.(string)
		list = append(list, unhex(text))
	}
	return list
}

func unhex(text string) []byte {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		panic("a vector is not hexadecimal: " + text)
	}
	return decoded
}

// Judge holds judge to every vector of a file. It gives what an accepted input yields, lists joined by
// spaces, and the verdict.
func Judge(t *testing.T, name string, judge func(t *testing.T, given Fields) (map[string]string, string)) {
	t.Helper()
	type file struct {
		Vectors []struct {
			Name, Why, Expect string
			Given, Gives      Fields
		}
	}
	all := Load[file](t, name).Vectors
	if len(all) == 0 {
		t.Fatalf("%s has no vectors", name)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			gives, verdict := judge(t, v.Given)
			if verdict != v.Expect {
				t.Fatalf("%s, want %s: %s", verdict, v.Expect, v.Why)
			}
			for field, want := range v.Gives {
				if list, isList := want.([]any); isList {
					texts := make([]string, len(list))
					for i, one := range list {
						texts[i], _ = one.(string)
					}
					want = strings.Join(texts, " ")
				}
				if gives[field] != want {
					t.Errorf("%s = %s, want %s", field, gives[field], want)
				}
			}
		})
	}
}

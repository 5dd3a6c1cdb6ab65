package recipe

import (
	"os"
	"strings"
	"testing"
)

func TestSigningVectorsFile(t *testing.T) {
	data, err := os.ReadFile("testdata/signing.json")
	if err != nil {
		t.Fatal(err)
	}
	var s Set
	results, err := s.TestVectors(data)
	if err != nil || len(results) != 8 {
		t.Fatalf("got %d results, %v", len(results), err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s:\n%s", r.Name, strings.Join(r.Details, "\n"))
		}
	}
}

const armorVector = `{"vectors": [{"name": "one", "recipe": "armor", "params": {"key_id": "id", "secret": "invented-secret"},
	"request": {"method": "POST", "url": "https://api.armor.com/p", "body": "{}"}, "now": 1, "nonce": "n", "expect": EXPECT}]}`

func TestVectorsFileTellsWhatDiffers(t *testing.T) {
	var s Set
	for _, c := range []struct {
		name, file string
		want       []string // parts of the details; none: it passes
	}{
		{"a wrong signature, with the string to sign", strings.Replace(armorVector, "EXPECT", `{"headers": {"Authorization": "ARMOR-PSK id:x:n:1"}}`, 1), []string{"Authorization differs from byte 13 on", `let.string = "idPOST/pn1J8`}},
		{"a wrong URL", strings.Replace(armorVector, "EXPECT", `{"url": "https://api.armor.com/q"}`, 1), []string{"url differs from byte 22 on"}},
		{"a header that should be absent", strings.Replace(armorVector, "EXPECT", `{"headers": {"authorization": null}}`, 1), []string{"authorization is there"}},
		{"a header that is absent", strings.Replace(armorVector, "EXPECT", `{"headers": {"X-Account-Context": ["1"]}}`, 1), []string{`X-Account-Context is absent, want "1"`}},
		{"absent and so expected", strings.Replace(armorVector, "EXPECT", `{"headers": {"X-Account-Context": null}}`, 1), nil},
		{"two where there is one", strings.Replace(armorVector, "EXPECT", `{"headers": {"Authorization": ["a", "b"]}}`, 1), []string{"1 times, want 2"}},
		{"an unknown recipe", strings.Replace(armorVector, `"armor"`, `"armour"`, 1), []string{`there is no recipe "armour"; did you mean "armor"?`}},
		{"a missing parameter", strings.Replace(armorVector, `"key_id": "id", `, ``, 1), []string{"key_id: is missing"}},
		{"a secret is masked", strings.Replace(strings.Replace(armorVector, `"armor"`, `"bearer"`, 1), `"key_id": "id", "secret"`, `"token"`, 1), []string{`got  "Bearer [token]"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := strings.Replace(c.file, "EXPECT", `{"headers": {"Authorization": "x"}}`, 1)
			results, err := s.TestVectors([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(results[0].Details, "\n")
			if results[0].Passed != (c.want == nil) {
				t.Errorf("passed: %v\n%s", results[0].Passed, text)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("got\n%s\nwant %s", text, want)
				}
			}
			if strings.Contains(text, "invented-secret") {
				t.Errorf("it tells a secret:\n%s", text)
			}
		})
	}
}

func TestVectorsFileThatCannotBeRead(t *testing.T) {
	var s Set
	for name, data := range map[string]string{
		"not JSON":                  `vectors`,
		"no vectors":                `{"vectors": []}`,
		"unknown member":            `{"vectors": [{"name": "x", "expect": {"header": {}}}]}`,
		"a header that is a number": `{"vectors": [{"expect": {"headers": {"a": 1}}}]}`,
		"two objects":               `{"vectors": [{"name": "x"}]} {}`,
	} {
		if _, err := s.TestVectors([]byte(data)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

package recipe

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestReadmeRecipesAreRight loads every recipe in README.md, and lints it: a
// reader will start from one of them.
func TestReadmeRecipesAreRight(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```toml\n")[1:]
	if len(blocks) != 3 {
		t.Fatalf("there are %d recipes", len(blocks))
	}
	for i, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		r, err := Load(fmt.Sprintf("readme-%d.toml", i), []byte(text))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, hint := range r.Lint() {
			if i < 2 {
				t.Errorf("%s: %s", r.Name(), hint)
			}
		}
	}
}

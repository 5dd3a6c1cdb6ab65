package main

import (
	"slices"
	"strings"
	"testing"
)

// What is drawn is the code, in its frame, black on white or inverted.
func TestQRCodesAreDrawn(t *testing.T) {
	rows := []string{"##.", "#.#", ".##"}
	want := slices.Repeat([]string{"..........."}, 4)
	for _, row := range rows {
		want = append(want, "...."+row+"....")
	}
	want = append(want, slices.Repeat([]string{"..........."}, 5)...) // an even number of rows
	for name, coloured := range map[string]bool{"coloured": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			got := modules(t, drawQR(rows, coloured), coloured)
			if !slices.Equal(got, want) {
				t.Errorf("drawn was\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// modules reads a drawing back: which halves of a character have the
// foreground's colour stands in the Unicode chart of block elements.
func modules(t *testing.T, text string, coloured bool) (rows []string) {
	t.Helper()
	halves := map[rune]string{'█': "##", '▀': "#.", '▄': ".#", ' ': ".."}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if coloured {
			inner, begins := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
			inner, ends := strings.CutSuffix(inner, "\x1b[0m")
			if !begins || !ends {
				t.Fatalf("no colours in %q", line)
			}
			line = inner
		}
		var upper, lower string
		for _, r := range line {
			pair, ok := halves[r]
			if !ok {
				t.Fatalf("%q is no half block", r)
			}
			upper, lower = upper+pair[:1], lower+pair[1:]
		}
		rows = append(rows, upper, lower)
	}
	if !coloured { // the blocks are the light ones
		for i, row := range rows {
			rows[i] = strings.NewReplacer("#", ".", ".", "#").Replace(row)
		}
	}
	return rows
}

func TestWhereQRCodesAreDrawn(t *testing.T) {
	for _, test := range []struct {
		name, term, all, lang string
		want                  bool
	}{
		{"nothing is said", "xterm", "", "", true},
		{"UTF-8", "xterm", "", "de_DE.UTF-8", true},
		{"utf8", "xterm", "C.utf8", "de_DE.ISO-8859-1", true},
		{"another charset", "xterm", "", "de_DE.ISO-8859-1", false},
		{"another charset goes first", "xterm", "de_DE.ISO-8859-1", "C.UTF-8", false},
		{"a terminal that can do nothing", "dumb", "", "C.UTF-8", false},
	} {
		t.Setenv("TERM", test.term)
		t.Setenv("LC_ALL", test.all)
		t.Setenv("LC_CTYPE", "")
		t.Setenv("LANG", test.lang)
		if got := isDrawable(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

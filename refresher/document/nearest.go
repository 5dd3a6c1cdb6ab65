package document

import "strings"

// Nearest is the known word that word most likely stands for, or "" if none is
// near: the fewest letters added, left out, changed or swapped with their
// neighbour, at most one in three; else a word that it begins or is begun by.
func Nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	best, fewest := "", len(word)/3+2
	for _, k := range known {
		if d := distance(word, k); d < fewest && d < len(k) {
			best, fewest = k, d
		}
	}
	if best != "" || len(word) < 3 {
		return best
	}
	for _, k := range known {
		if strings.HasPrefix(k, word) || len(k) >= 3 && strings.HasPrefix(word, k) {
			return k
		}
	}
	return ""
}

// distance is the optimal string alignment distance.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

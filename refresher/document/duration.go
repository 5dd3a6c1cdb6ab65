package document

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var days = regexp.MustCompile(`([0-9]+\.?[0-9]*|\.[0-9]+)d`)

// ParseDuration reads Go's durations and "d" for 24 hours: "90s", "1d12h". A
// number without a unit is a mistake, "0" too. The error is an *Error with
// only Problem and Remedy.
func ParseDuration(s string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, &Error{Problem: "a duration needs a unit", Remedy: `write "` + s + `s" for seconds`}
	}
	hours := days.ReplaceAllStringFunc(s, func(n string) string {
		f, _ := strconv.ParseFloat(strings.TrimSuffix(n, "d"), 64)
		return strconv.FormatFloat(f*24, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(hours)
	if err != nil {
		return 0, &Error{Problem: "is not a duration", Remedy: `write one such as "90s", "24h" or "30d"`}
	}
	return d, nil
}

package demo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"authd/daemon/demo/issuers"
)

// table is what the issuers have counted, and what was counted at this end.
func (s *stage) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\tlogins\trenewals\tcalls accepted\trefused\tovertaken\tnot served\t")
	for _, c := range s.callers {
		stats, t := c.system.issuer.Stats(), c.tally.read()
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", c.system.name, stats.Logins, stats.Renewals, t.accepted, t.refused, t.overtaken, t.unserved)
	}
	_ = w.Flush() // a strings.Builder takes everything
	for _, c := range s.callers {
		stats := c.system.issuer.Stats()
		for _, refusals := range []map[issuers.Reason]int{stats.Denied, stats.Refused} {
			for _, why := range slices.Sorted(maps.Keys(refusals)) {
				_, _ = fmt.Fprintf(&b, "%s refused %d: %s\n", c.system.name, refusals[why], why)
			}
		}
	}
	return b.String()
}

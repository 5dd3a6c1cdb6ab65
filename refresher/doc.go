// Package refresher decides when a credential is obtained or renewed, and
// makes sure that the result is stored, shown to callers and published to
// files, in this order.
//
// Policy is pure: Plan puts one generation's numbers into the published
// formula, Next says what happens next and why. Engine obeys: one timeline,
// one timer, a bounded number of exchanges at a time, each outcome a case in
// one switch (fail). It is not the place for how a credential is obtained (a
// Source), for files (a Publisher), or for who may ask (package daemon).
//
// # Decisions
//
//   - One mutex for the whole engine, held only to decide, never over I/O.
//     Readers do not take it: they load a snapshot through an atomic pointer.
//     The cost: a change to a credential allocates its snapshot anew. Each
//     credential has two more, held while its record or its files are written;
//     what to write is looked at under them, so that the last is the newest.
//   - No goroutine and no timer for a credential. The timeline is a heap on
//     the boot clock; the timer rests thirty seconds at most, because Go's
//     timers stand still in a suspend and know nothing of a clock's step.
//   - Lives are counted on two clocks and the longer count is believed. A
//     clock set forward therefore costs one exchange too many; a value is
//     never served on a clock's word that the other contradicts.
//   - The jitter is a hash of host, name and generation, not a stored random
//     number: the same however often it is asked and over restarts, so that a
//     forecast can tell to the second what will happen.
//   - An exchange that spends something makes its intent durable first, is
//     never cancelled, and is over only when its answer is on the disk.
//   - A static credential that a caller reports as rejected goes on being
//     served, with the report in its status: a false alarm must not take away
//     a key that nothing but a person can bring back. The report is stored, and
//     stands until the value is another or a person says that it is good.
package refresher

package store

import (
	"fmt"
	"os"
	"testing"
)

// BenchmarkKey compares a folder with ten thousand records, encrypted, with
// the same one plain: opening it and loading all, as a start does, and one Save.
// It is made in memory where there is some, for a disk's syncs would be all
// there is to see of a Save.
func BenchmarkKey(b *testing.B) {
	for _, c := range []struct {
		name string
		keys Keys
	}{{"plain", Keys{}}, {"x25519", Keys{Seal: aKey(b, keyOne)}}, {"hybrid", Keys{Seal: aKey(b, keyHybrid)}}} {
		dir, err := os.MkdirTemp("/dev/shm", "store")
		if err != nil {
			b.Skip("no folder in memory: ", err)
		}
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
		const records = 10_000
		fill, err := Open(dir, c.keys, fixed)
		if err != nil {
			b.Fatal(err)
		}
		for i := range records {
			if err := fill.Save(sample(fmt.Sprint("c", i), 1)); err != nil {
				b.Fatal(err)
			}
		}
		_ = fill.Close()
		b.Run("start/"+c.name, func(b *testing.B) {
			for b.Loop() {
				s, err := Open(dir, c.keys, fixed)
				if err != nil {
					b.Fatal(err)
				}
				for i := range records {
					if _, err := s.Load(fmt.Sprint("c", i)); err != nil {
						b.Fatal(err)
					}
				}
				_ = s.Close()
			}
		})
		b.Run("save/"+c.name, func(b *testing.B) {
			s, err := Open(dir, c.keys, fixed)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				if err := s.Save(sample("c1", 2)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

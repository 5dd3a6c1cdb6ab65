package refresher

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestAClockSetBackDoesNotKeepAValueAlive(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: once(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Minute)
		w.skew.Store(int64(-2 * time.Hour))
		w.pass(time.Hour)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("a dead value was served")
		}
	})
}

func TestAPauseThatOnlyTheWallClockShowsIsNoticedInThirtySeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(24 * time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Minute)
		w.skew.Store(int64(20 * time.Hour)) // a virtual machine was paused
		w.pass(31 * time.Second)
		w.wantCalls(src, 2)
	})
}

func TestAClockThatIsSetRightIsNotCorrectedTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		w.skew.Store(int64(-time.Hour)) // the host's clock is behind
		w.pass(31 * time.Second)
		now := w.now()
		w.Clock("https://a.example").Observe(now.Wall.Add(time.Hour).UTC().Format(http.TimeFormat), "", now, now)
		w.skew.Store(0)
		w.pass(31 * time.Second)
		if off := time.Until(w.Clock("https://a.example").Now()); off.Abs() > 2*time.Second {
			t.Errorf("the issuer is taken to be %s ahead of a clock that is right", off)
		}
	})
}

func TestAskingForAnOriginsTimeLeavesNoTrace(t *testing.T) {
	inWorld(t, func(w *world) {
		now := w.now()
		w.Clock("https://a.example").Observe(now.Wall.Add(time.Hour).UTC().Format(http.TimeFormat), "", now, now)
		for i := range 100 {
			if got := w.Engine.Now(fmt.Sprintf("https://%d.example", i)); !got.Equal(w.now().Wall) {
				t.Fatalf("%s at an origin of which nothing is known", got)
			}
		}
		if off := w.Engine.Now("https://a.example").Sub(w.now().Wall); off < 59*time.Minute {
			t.Errorf("%s ahead of the host, not an hour", off)
		}
		if n := len(w.issuers.all); n != 1 {
			t.Errorf("%d origins are kept", n)
		}
	})
}

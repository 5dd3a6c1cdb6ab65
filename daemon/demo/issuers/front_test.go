package issuers

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

var invented = Account{Username: "demo-user", Password: "p&ss=w rd%"}

func TestTheIssuersClockShowsInDate(t *testing.T) {
	y := NewYombo("demo-key", Options{Offset: time.Hour})
	url := start(t, y.Handler())
	for _, offset := range []time.Duration{time.Hour, -time.Hour, 0} {
		y.SetOffset(offset)
		got, err := http.ParseTime(get(t, url+"/api/v1/command").header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Until(got) - offset; d.Abs() > 5*time.Second {
			t.Errorf("offset %v: Date is %v beside it", offset, d)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name    string
		fault   Fault
		status  int // 0: no answer
		header  string
		isPage  bool
		logins  int // granted by this request
		slowest time.Duration
	}{
		{name: "a status with Retry-After", fault: Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}}, status: 503, header: "7"},
		{name: "a page instead of JSON", fault: Fault{Status: 200, Page: "<html>hotel</html>"}, status: 200, isPage: true},
		{name: "closed before the commit", fault: Fault{Drop: BeforeCommit}},
		{name: "closed after the commit", fault: Fault{Drop: AfterCommit}, logins: 1},
		{name: "slow before the commit", fault: Fault{Before: 50 * time.Millisecond}, status: 200, logins: 1, slowest: 50 * time.Millisecond},
		{name: "slow after the commit", fault: Fault{After: 50 * time.Millisecond}, status: 200, logins: 1, slowest: 50 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPacketFabricSession(invented, Options{})
			url := start(t, p.Handler())
			tt.fault.On, tt.fault.Times = Login, 1
			p.Fail(tt.fault)

			begun := time.Now()
			got, err := trySend(loginRequest(t, url, invented))
			if (err != nil) != (tt.status == 0) {
				t.Fatalf("error %v, want an answer: %v", err, tt.status != 0)
			}
			if got.status != tt.status || got.header.Get("Retry-After") != tt.header || (got.text == tt.fault.Page) != tt.isPage && tt.status != 0 {
				t.Errorf("got %d, Retry-After %q, %q", got.status, got.header.Get("Retry-After"), got.text)
			}
			if took := time.Since(begun); took < tt.slowest {
				t.Errorf("took %v, want at least %v", took, tt.slowest)
			}
			if s := p.Stats(); s.Logins != tt.logins || s.Faults != 1 {
				t.Errorf("%d logins, %d faults; want %d, 1", s.Logins, s.Faults, tt.logins)
			}
			want(t, send(t, loginRequest(t, url, invented)), 200, Granted) // the fault was for one request
		})
	}
}

func TestAFaultWithoutTimesLastsUntilHeal(t *testing.T) {
	p := NewPacketFabricSession(invented, Options{})
	url := start(t, p.Handler())
	p.Fail(Fault{On: Login, Status: 500})
	for range 3 {
		want(t, send(t, loginRequest(t, url, invented)), 500, Granted)
	}
	want(t, get(t, url+"/customer"), 401, NoCredential) // another kind of request
	p.Heal()
	want(t, send(t, loginRequest(t, url, invented)), 200, Granted)
}

func TestAClientThatGoesAwayIsNotJudged(t *testing.T) {
	seen := make(chan Event, 1)
	p := NewPacketFabricSession(invented, Options{Observe: func(e Event) { seen <- e }})
	url := start(t, p.Handler())
	p.Fail(Fault{On: Login, Before: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := trySend(loginRequest(t, url, invented).WithContext(ctx)); err == nil {
		t.Fatal("was answered")
	}
	if e := <-seen; e.Reason != Faulted || e.Kind != Login {
		t.Errorf("observed %+v", e)
	}
	if s := p.Stats(); s.Logins != 0 {
		t.Errorf("%d logins", s.Logins)
	}
}

func TestObserveTellsEachRequest(t *testing.T) {
	var mu sync.Mutex
	var got []Event
	p := NewPacketFabricSession(invented, Options{Observe: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		e.At = time.Time{}
		got = append(got, e)
	}})
	url := start(t, p.Handler())
	p.Fail(Fault{On: Login, Status: 500, Times: 1})
	send(t, loginRequest(t, url, invented))
	send(t, loginRequest(t, url, Account{}))
	send(t, loginRequest(t, url, invented))
	get(t, url+"/customer")
	mu.Lock()
	defer mu.Unlock()
	if want := []Event{{Kind: Login, Reason: Faulted}, {Kind: Login, Reason: WrongPassword}, {Kind: Login}, {Kind: API, Reason: NoCredential}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	p := NewPacketFabricSession(invented, Options{})
	url := start(t, p.Handler())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := trySend(loginRequest(t, url, invented)); err != nil {
				t.Error(err)
			}
			p.PersonLogin()
			p.Stats()
		})
	}
	group.Wait()
	if s := p.Stats(); s.Logins != 20 {
		t.Errorf("%d logins, want 20", s.Logins)
	}
}

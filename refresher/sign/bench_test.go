package sign

import "testing"

// One signature of each kind, as the socket asks for them.
func BenchmarkSign(b *testing.B) {
	for _, bc := range []struct {
		name    string
		fixture fixture
		request Request
	}{
		{"packetfabric-key", packetfabricKey, Request{Method: "GET", URL: "https://api.packetfabric.com/locations?market=DA1"}},
		{"armor without a body", armor, Request{Method: "GET", URL: "https://api.armor.com/core/avam"}},
		{"armor with a body", armor, Request{Method: "POST", URL: "https://api.armor.com/tickets/list", Body: []byte(`{"a": 1, "b": [true, null, "x"]}`)}},
		{"bearer", fixture{
			params:  []pair{{"token", "mF_9.B5f-4.1JqM"}},
			entries: []rule{{headers: []pair{{"Authorization", "Bearer ${token}"}}}},
		}, Request{Method: "GET", URL: "https://example.com/resource"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			s, c := bc.fixture.signer(b), at(1700000000, "5f0c4b0e9d2f4a368f3a1c2d3e4f5a6b")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(c, &bc.request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

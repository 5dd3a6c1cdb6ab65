package sign

import (
	"testing"
)

// The vendors' own examples, and those of their published tests. Each fixture
// is a recipe in short.
func TestKnownAnswers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fixture fixture
		context Context
		request Request
		headers []pair
		url     string
		body    string
	}{
		{
			name: "Slack's documentation",
			fixture: fixture{
				params:  []pair{{"secret", "8f742231b10e8888abcd99yyyzzz85a5"}},
				lets:    []pair{{"string", "v0:${now}:${request.body}"}},
				entries: []rule{{headers: []pair{{"X-Slack-Request-Timestamp", "${now}"}, {"X-Slack-Signature", "v0=${string|hmac-sha256:$secret|hex}"}}}},
			},
			context: at(1531420618, ""),
			request: Request{Method: "POST", URL: "https://example.com/", Body: []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")},
			headers: []pair{{"X-Slack-Request-Timestamp", "1531420618"}, {"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}},
		},
		{
			name: "GitHub's documentation",
			fixture: fixture{
				params:  []pair{{"secret", "It's a Secret to Everybody"}},
				entries: []rule{{headers: []pair{{"X-Hub-Signature-256", "sha256=${request.body|hmac-sha256:$secret|hex}"}}}},
			},
			request: Request{Method: "POST", URL: "https://example.com/hook", Body: []byte("Hello, World!")},
			headers: []pair{{"X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		},
		{
			name:    "Kraken's documentation",
			fixture: kraken,
			request: Request{Method: "POST", URL: "https://api.kraken.com/0/private/AddOrder", Body: []byte("nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25")},
			headers: []pair{{"API-Sign", "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="}},
		},
		{
			name:    "Kraken, the nonce is ours: the body changes",
			fixture: kraken,
			context: at(0, "1616492376594"),
			request: Request{Method: "POST", URL: "https://api.kraken.com/0/private/Balance", Headers: []Header{{"Content-Type", "application/x-www-form-urlencoded"}}, Body: []byte("asset=ZEUR")},
			headers: []pair{{"API-Sign", "+F1k4A2uCKwEYllhCaGtXRLkhsPJ2EuRGGfg5IhQnVr5ojhCKXEWD9Wa4Y7bBwenhGJRTfWxyulylj8QsjcPMw=="}},
			body:    "asset=ZEUR&nonce=1616492376594",
		},
		{
			name:    "Binance's documentation",
			fixture: binance,
			request: Request{Method: "POST", URL: "https://api.binance.com/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"},
			url:     "https://api.binance.com/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
		},
		{
			name:    "Binance, the timestamp is ours",
			fixture: binance,
			context: at(1499827319.559, ""),
			request: Request{Method: "POST", URL: "https://api.binance.com/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000#f"},
			url:     "https://api.binance.com/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71#f",
		},
		{
			name:    "Akamai's EdgeGrid test data, a GET",
			fixture: edgegrid,
			context: at(1395430461, "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
			request: Request{Method: "GET", URL: "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net/"},
			headers: []pair{{"Authorization", "EG1-HMAC-SHA256 client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;timestamp=20140321T19:34:21+0000;nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;signature=tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="}},
		},
		{
			name:    "Akamai's EdgeGrid test data, a POST with a body",
			fixture: edgegrid,
			context: at(1395430461, "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
			request: Request{Method: "POST", URL: "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net/testapi/v1/t3", Body: []byte("datadatadatadatadatadatadatadata")},
			headers: []pair{{"Authorization", "EG1-HMAC-SHA256 client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;timestamp=20140321T19:34:21+0000;nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;signature=hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4="}},
		},
		{
			name: "Azure App Configuration, computed with openssl",
			fixture: fixture{
				params: []pair{{"key_id", "id-l0-s0"}, {"secret", "c2VjcmV0LWtleS1mb3ItdGVzdHM="}},
				lets: []pair{
					{"key", "${secret|unbase64}"},
					{"stamp", "${now|date:%a, %d %b %Y %H:%M:%S GMT}"},
					{"hash", "${request.body|sha256|base64}"},
					{"string", "${request.method}\n${request.target}\n${stamp};${request.host};${hash}"},
				},
				entries: []rule{{headers: []pair{{"x-ms-date", "${stamp}"}, {"x-ms-content-sha256", "${hash}"}, {"Authorization", "HMAC-SHA256 Credential=${key_id}&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${string|hmac-sha256:$key|base64}"}}}},
			},
			context: at(1700000000, ""),
			request: Request{Method: "GET", URL: "https://store.azconfig.io/kv?key=*&api-version=1.0"},
			headers: []pair{{"x-ms-date", "Tue, 14 Nov 2023 22:13:20 GMT"}, {"x-ms-content-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, {"Authorization", "HMAC-SHA256 Credential=id-l0-s0&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=fDVfIU9TiSqgkhAsaouZoRK6kA4coQV8GHT7PcNaXCI="}},
		},
		{
			name: "OAuth 1.0a, Twitter's documentation",
			fixture: fixture{
				params: []pair{{"consumer_key", "xvz1evFS4wEEPTGEFPHBog"}, {"consumer_secret", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"}, {"token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"}, {"token_secret", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"}},
				lets: []pair{
					{"key", "${consumer_secret|percent}&${token_secret|percent}"},
					{"form", "${request.headers|header:Content-Type|find:^application/x-www-form-urlencoded} => ${request.body|append:&} ??  => "},
					{"tok", "${token|percent|prepend:oauth_token=|append:&}"},
					{"own", "oauth_consumer_key=${consumer_key|percent}&oauth_nonce=${nonce}&oauth_signature_method=HMAC-SHA1&oauth_timestamp=${now}&${tok}oauth_version=1.0"},
					{"all", "${request.query|append:&}${form}${own}"},
					{"base", "${request.origin}${request.path}"},
					{"sorted", "${all|sort-query}"},
					{"string", "${request.method}&${base|percent}&${sorted|percent}"},
					{"sig", "${string|hmac-sha1:$key|base64}"},
					{"token_", "${token|percent|prepend:`oauth_token=\"`|append:`\", `}"},
				},
				entries: []rule{{headers: []pair{{"Authorization", `OAuth oauth_consumer_key="${consumer_key|percent}", oauth_nonce="${nonce}", oauth_signature="${sig|percent}", oauth_signature_method="HMAC-SHA1", oauth_timestamp="${now}", ${token_}oauth_version="1.0"`}}}},
			},
			context: at(1318622958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
			request: Request{Method: "POST", URL: "https://api.twitter.com/1.1/statuses/update.json?include_entities=true", Headers: []Header{{"Content-Type", "application/x-www-form-urlencoded"}}, Body: []byte("status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21")},
			headers: []pair{{"Authorization", `OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", oauth_version="1.0"`}},
		},
		{
			name:    "AWS test suite, get-vanilla",
			fixture: sigv4,
			context: at(1440938160, ""),
			request: Request{Method: "GET", URL: "https://example.amazonaws.com/"},
			headers: []pair{{"X-Amz-Date", "20150830T123600Z"}, {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
		},
		{
			name:    "AWS test suite, get-vanilla-query-order-key-case",
			fixture: sigv4,
			context: at(1440938160, ""),
			request: Request{Method: "GET", URL: "https://example.amazonaws.com/?Param2=value2&Param1=value1"},
			headers: []pair{{"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"}},
		},
		{
			name: "6connect's documentation",
			fixture: fixture{
				params:  []pair{{"key_id", "32-5DAYTJQY2TZHOFOB"}, {"secret", "48b278ec873bda4738923dbc467f8669"}, {"id_name", "apiKey"}, {"hash_name", "hash"}},
				entries: packetfabricKey.entries,
			},
			request: Request{Method: "GET", URL: "https://cloud.6connect.com/api.php?target=ipam&action=get&type=IP&mask=24"},
			url:     "https://cloud.6connect.com/api.php?target=ipam&action=get&type=IP&mask=24&apiKey=32-5DAYTJQY2TZHOFOB&hash=yneSFMyxPPe%2B3W4IOkVp50K3VStatBcRRak%2B2ygDUWQ%3D",
		},
		{
			name: "RFC 7617",
			fixture: fixture{
				params:  []pair{{"username", "Aladdin"}, {"password", "open sesame"}},
				lets:    []pair{{"pair", "${username}:${password}"}},
				entries: []rule{{headers: []pair{{"Authorization", "Basic ${pair|base64}"}}}},
			},
			request: Request{Method: "GET", URL: "https://example.com/"},
			headers: []pair{{"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}},
		},
		{
			name: "the recipe language's own example",
			fixture: fixture{
				params:  []pair{{"key_id", "k1"}, {"secret", "00ff"}},
				lets:    []pair{{"key", "${secret|unhex}"}, {"string", "${now}\n${request.method}\n${request.target}\n${request.body|sha256|hex}"}},
				entries: []rule{{headers: []pair{{"X-Acme-Sign", "${string|hmac-sha256:$key|hex}"}}}},
			},
			context: at(1700000000, ""),
			request: Request{Method: "GET", URL: "https://api.acme.example/v1/x?a=1"},
			headers: []pair{{"X-Acme-Sign", "6b7abcfa572596febc334d82c845bde73c9e2cbf76ae1db6908f5b3c42a422f2"}},
		},
	} {
		got, err := tc.fixture.signer(t).Sign(tc.context, &tc.request)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		for _, h := range tc.headers {
			if v := get(got, h.name); v != h.value {
				t.Errorf("%s: %s\n got %s\nwant %s", tc.name, h.name, v, h.value)
			}
		}
		if want := tc.url; got.URL != want && (want != "" || got.URL != tc.request.URL) {
			t.Errorf("%s: URL\n got %s\nwant %s", tc.name, got.URL, want)
		}
		if string(got.Body) != tc.body || got.BodyChanged != (tc.body != "") {
			t.Errorf("%s: body %q, want %q", tc.name, got.Body, tc.body)
		}
	}
}

var (
	kraken = fixture{
		params: []pair{{"key_id", "k"}, {"secret", "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="}},
		lets:   []pair{{"key", "${secret|unbase64}"}, {"inner", "${request.body|field:nonce}${request.body}"}, {"string", "${request.path}${inner|sha256}"}},
		entries: []rule{
			{form: []pair{{"nonce?", "${request.body|field:nonce} =>  ??  => ${nonce}"}}},
			{headers: []pair{{"API-Key", "${key_id}"}, {"API-Sign", "${string|hmac-sha512:$key|base64}"}}},
		},
	}
	binance = fixture{
		params: []pair{{"key_id", "k"}, {"secret", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"}},
		lets:   []pair{{"signed", "${request.query}${request.body}"}},
		entries: []rule{
			{headers: []pair{{"X-MBX-APIKEY", "${key_id}"}}, query: []pair{{"timestamp?", "${request.query|field:timestamp} =>  ??  => ${now_ms}"}}},
			{query: []pair{{"signature", "${signed|hmac-sha256:$secret|hex}"}}},
		},
	}
	edgegrid = fixture{
		params: []pair{{"client_token", "akab-client-token-xxx-xxxxxxxxxxxxxxxx"}, {"access_token", "akab-access-token-xxx-xxxxxxxxxxxxxxxx"}, {"client_secret", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx="}},
		lets: []pair{
			{"stamp", "${now|date:%Y%m%dT%H:%M:%S+0000}"},
			{"key", "${stamp|hmac-sha256:$client_secret|base64}"},
			{"digest", "${request.body} => ${request.body|sha256|base64} ??  => "},
			{"hash", "${request.method|find:^POST$} => ${digest} ??  => "},
			{"auth", "EG1-HMAC-SHA256 client_token=${client_token};access_token=${access_token};timestamp=${stamp};nonce=${nonce};"},
			{"string", "${request.method}\t${request.scheme}\t${request.host}\t${request.target}\t\t${hash}\t${auth}"},
		},
		entries: []rule{{headers: []pair{{"Authorization", "${auth}signature=${string|hmac-sha256:$key|base64}"}}}},
	}
	sigv4 = fixture{
		params: []pair{{"access_key_id", "AKIDEXAMPLE"}, {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, {"region", "us-east-1"}, {"service", "service"}},
		lets: []pair{
			{"stamp", "${now|date:%Y%m%dT%H%M%SZ}"},
			{"day", "${now|date:%Y%m%d}"},
			{"scope", "${day}/${region}/${service}/aws4_request"},
			{"names", "host;x-amz-date"},
			{"headers", "host:${request.host}\nx-amz-date:${stamp}\n"},
			{"canonical", "${request.method}\n${request.path|percent-path}\n${request.query|sort-query}\n${headers}\n${names}\n${request.body|sha256|hex}"},
			{"string", "AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${canonical|sha256|hex}"},
			{"k0", "AWS4${secret_access_key}"},
			{"k1", "${day|hmac-sha256:$k0}"},
			{"k2", "${region|hmac-sha256:$k1}"},
			{"k3", "${service|hmac-sha256:$k2}"},
			{"last", "aws4_request"},
			{"k4", "${last|hmac-sha256:$k3}"},
		},
		entries: []rule{{headers: []pair{{"X-Amz-Date", "${stamp}"}, {"Authorization", "AWS4-HMAC-SHA256 Credential=${access_key_id}/${scope}, SignedHeaders=${names}, Signature=${string|hmac-sha256:$k4|hex}"}}}},
	}
)

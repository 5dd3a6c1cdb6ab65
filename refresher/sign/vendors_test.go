package sign

import "testing"

// Published examples that use a function or a shape of their own.
func TestPublishedExamples(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fixture fixture
		context Context
		request Request
		header  string // of name X
		url     string
	}{
		{
			name: "Duo's documentation: sort-query over a form",
			fixture: fixture{
				params: []pair{{"ikey", "DIWJ8X6AEYOR5OMC6TQ1"}, {"skey", "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"}},
				lets: []pair{
					{"date", "${now|date:%a, %d %b %Y %H:%M:%S -0000}"},
					{"string", "${date}\n${request.method}\n${request.host}\n${request.path}\n${request.body|sort-query}"},
					{"pair", "${ikey}:${string|hmac-sha1:$skey|hex}"},
				},
				entries: []rule{{headers: []pair{{"X", "Basic ${pair|base64}"}}}},
			},
			context: at(1345570158, ""),
			request: Request{Method: "POST", URL: "https://API-xxxxxxxx.duosecurity.com/accounts/v1/account/list", Body: []byte("username=root&realname=First+Last")},
			header:  "Basic RElXSjhYNkFFWU9SNU9NQzZUUTE6MmQ5N2Q2MTY2MzE5NzgxYjVhM2EwN2FmMzlkMzY2ZjQ5MTIzNGVkYw==",
		},
		{
			name: "Twilio's documentation: sort-concat over a form",
			fixture: fixture{
				params:  []pair{{"token", "12345"}},
				lets:    []pair{{"string", "${request.url}${request.body|sort-concat}"}},
				entries: []rule{{headers: []pair{{"X", "${string|hmac-sha1:$token|base64}"}}}},
			},
			request: Request{Method: "POST", URL: "https://mycompany.com/myapp.php?foo=1&bar=2#not", Body: []byte("CallSid=CA1234567890ABCDE&Caller=%2B14158675309&To=%2B18005551212&Digits=1234&From=%2B14158675309")},
			header:  "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
		},
		{
			name: "Flickr's documentation: a digest of a secret and sorted pairs, in the query",
			fixture: fixture{
				params:  []pair{{"secret", "000005fab4534d05"}},
				lets:    []pair{{"string", "${secret}${request.query|sort-concat}"}},
				entries: []rule{{query: []pair{{"api_sig", "${string|md5|hex}"}}}},
			},
			request: Request{Method: "GET", URL: "https://flickr.com/services/auth/?perms=write&api_key=9a0554259914a86fb9e7eb014e4e5d52"},
			url:     "https://flickr.com/services/auth/?perms=write&api_key=9a0554259914a86fb9e7eb014e4e5d52&api_sig=a02506b31c1cd46c2e0b6380fb94eb3d",
		},
		{
			name: "Amazon S3, signature version 2: an object's GET",
			fixture: fixture{
				params: []pair{{"id", "AKIAIOSFODNN7EXAMPLE"}, {"secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}},
				lets: []pair{
					{"bucket", "${request.host|before:.}"},
					{"date", "${now|date:%a, %d %b %Y %H:%M:%S +0000}"},
					{"string", "${request.method}\n\n${request.headers|header:Content-Type}\n${date}\n${request.headers|header-lines:x-amz-}/${bucket}${request.path}"},
				},
				entries: []rule{{headers: []pair{{"X", "AWS ${id}:${string|hmac-sha1:$secret|base64}"}}}},
			},
			context: at(1175024202, ""),
			request: Request{Method: "GET", URL: "https://johnsmith.s3.amazonaws.com/photos/puppy.jpg"},
			header:  "AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU=",
		},
		{
			name: "Alibaba Cloud's documentation: the sorted query, encoded again",
			fixture: fixture{
				params: []pair{{"secret", "testsecret"}},
				lets: []pair{
					{"key", "${secret}&"},
					{"sorted", "${request.query|sort-query}"},
					{"string", "${request.method}&%2F&${sorted|percent}"},
				},
				entries: []rule{
					{query: []pair{{"SignatureNonce", "${nonce}"}, {"Timestamp", "${now|date:%Y-%m-%dT%H:%M:%SZ}"}}},
					{headers: []pair{{"X", "${string|hmac-sha1:$key|base64}"}}},
				},
			},
			context: at(1456231584, "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
			request: Request{Method: "GET", URL: "https://ecs.aliyuncs.com/?Format=XML&AccessKeyId=testid&Action=DescribeRegions&SignatureMethod=HMAC-SHA1&Version=2014-05-26&SignatureVersion=1.0"},
			header:  "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
			url:     "https://ecs.aliyuncs.com/?Format=XML&AccessKeyId=testid&Action=DescribeRegions&SignatureMethod=HMAC-SHA1&Version=2014-05-26&SignatureVersion=1.0&SignatureNonce=3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf&Timestamp=2016-02-23T12%3A46%3A24Z",
		},
	} {
		got, err := tc.fixture.signer(t).Sign(tc.context, &tc.request)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if v := get(got, "X"); v != tc.header {
			t.Errorf("%s\n got %s\nwant %s", tc.name, v, tc.header)
		}
		if tc.url != "" && got.URL != tc.url {
			t.Errorf("%s\n got %s\nwant %s", tc.name, got.URL, tc.url)
		}
	}
}

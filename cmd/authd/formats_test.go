//go:build linux

package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reading is what one output file holds.
type reading struct {
	header     http.Header // what it makes of a request
	generation uint64      // 0 where the format does not tell
}

// read understands a file as its users do, and refuses what is torn.
func (s *system) read(format, text string) (reading, error) {
	if text == "" {
		return reading{}, errors.New("empty")
	}
	switch format {
	case "raw":
		if strings.ContainsAny(text, "\r\n") {
			return reading{}, errors.New("raw has a newline")
		}
		return reading{header: s.place(text)}, nil
	case "json":
		return s.readJSON(text)
	case "header":
		return readLines(text, func(line string) (string, error) { return line, nil })
	case "curl":
		return readLines(text, curlHeader)
	case "cookies", "cookies-plain":
		return s.readCookies(text)
	}
	return reading{}, fmt.Errorf("no reader for %s", format)
}

func (s *system) readJSON(text string) (reading, error) {
	var j struct {
		Name, Type, Value string
		Generation        uint64
		IssuedAt          *time.Time `json:"issued_at"`
		ExpiresAt         *time.Time `json:"expires_at"`
		RefreshToken      any        `json:"refresh_token"`
		AccessToken       any        `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return reading{}, err
	}
	switch {
	case j.Name != s.name, j.Type != s.typ, j.Value == "", j.Generation == 0, j.IssuedAt == nil:
		return reading{}, fmt.Errorf("name %q, type %q, generation %d: not what it should be", j.Name, j.Type, j.Generation)
	case j.RefreshToken != nil:
		return reading{}, errors.New("the refresh token is published")
	case j.AccessToken != nil && j.AccessToken != j.Value:
		return reading{}, errors.New("access_token is not the value")
	}
	return reading{s.place(j.Value), j.Generation}, nil
}

func readLines(text string, each func(string) (string, error)) (reading, error) {
	if !strings.HasSuffix(text, "\n") {
		return reading{}, errors.New("does not end in a newline")
	}
	header := http.Header{}
	for line := range strings.Lines(text) {
		line, err := each(strings.TrimSuffix(line, "\n"))
		name, value, ok := strings.Cut(line, ": ")
		if err != nil || !ok {
			return reading{}, fmt.Errorf("a line is no header: %w", err)
		}
		header.Add(name, value)
	}
	return reading{header: header}, nil
}

// curlHeader reads header = "…" as curl -K does.
func curlHeader(line string) (string, error) {
	_, quoted, ok := strings.Cut(line, "header = ")
	if !ok {
		return "", errors.New("no header")
	}
	return strconv.Unquote(quoted)
}

func (s *system) readCookies(text string) (reading, error) {
	var pairs []string
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "#HttpOnly_")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			return reading{}, fmt.Errorf("a cookie has %d fields", len(f))
		}
		ends, err := strconv.ParseInt(f[4], 10, 64)
		if err != nil || ends == 0 {
			return reading{}, errors.New("a cookie has no end")
		}
		if f[0] != "127.0.0.1" || f[1] != "FALSE" || f[2] != "/" || f[3] != "FALSE" {
			return reading{}, fmt.Errorf("a cookie is for %q", f[:4])
		}
		pairs = append(pairs, f[5]+"="+f[6])
	}
	if len(pairs) != 1 {
		return reading{}, fmt.Errorf("%d cookies", len(pairs))
	}
	return reading{header: http.Header{"Cookie": pairs}}, nil
}

//go:build unix && !darwin

package config

import (
	"strings"
	"testing"
)

func TestStandardPlaces(t *testing.T) {
	env := map[string]string{"HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/7", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "/st"}
	p, err := standardPlaces(true, lookup(env))
	if want := (places{config: "/home/me/.config/authd", runtime: "/run/user/7/authd", state: "/st/authd"}); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	for _, missing := range []string{"HOME", "XDG_RUNTIME_DIR"} {
		short := map[string]string{}
		for k, v := range env {
			if k != missing {
				short[k] = v
			}
		}
		if _, err := standardPlaces(true, lookup(short)); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

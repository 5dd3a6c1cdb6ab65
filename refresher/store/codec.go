package store

import (
	"bytes"
	"encoding/json"
	"time"

	"authd/refresher/credential"
)

type savedRecord struct {
	Name       string     `json:"name"`
	Identity   string     `json:"identity,omitempty"`
	Generation uint64     `json:"generation"`
	Nonce      int64      `json:"nonce,omitempty"`
	Version    string     `json:"version,omitempty"`
	Removed    time.Time  `json:"removed,omitzero"`
	Intent     *Intent    `json:"intent,omitempty"`
	Relogin    bool       `json:"relogin,omitempty"`
	Stop       *Stop      `json:"hold,omitempty"`
	Reported   time.Time  `json:"reported,omitzero"`
	Cred       *savedCred `json:"credential,omitempty"`
}

type savedCred struct {
	Serial  uint64       `json:"serial"`
	Value   []byte       `json:"value,omitempty"`
	Public  []savedValue `json:"public,omitempty"`
	Private []savedValue `json:"private,omitempty"`
	Answer  []byte       `json:"answer,omitempty"`
	Times   savedTimes   `json:"times"`
}

type savedValue struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

// savedTimes holds durations in nanoseconds. Boot clock readings mean nothing
// without the boot they were taken in.
type savedTimes struct {
	Login         bool          `json:"login,omitempty"`
	Boot          string        `json:"boot,omitempty"`
	Requested     time.Time     `json:"requested"`
	RequestedBoot time.Duration `json:"requested_boot"`
	Used          time.Time     `json:"used"`
	UsedBoot      time.Duration `json:"used_boot"`
	Life          time.Duration `json:"life"`
	Idle          time.Duration `json:"idle,omitempty"`
	Hint          time.Duration `json:"hint,omitempty"`
	Private       time.Duration `json:"private_life,omitempty"`
}

// clocks are what is needed to carry an Instant from one boot to the next.
type clocks struct {
	boot string // this boot's name; "" where the system has none
	now  credential.Instant
}

// encode is a record's bytes.
func encode(r Record, boot string) ([]byte, error) {
	return json.Marshal(savedRecord{
		Name: r.Name, Identity: r.Identity, Generation: r.Generation, Nonce: r.Nonce,
		Version: r.Version, Removed: r.Removed, Intent: r.Intent, Relogin: r.Relogin, Stop: r.Stop, Reported: r.Reported, Cred: saveCred(r.Cred, boot),
	})
}

func decode(name string, record []byte, c clocks) (Record, error) {
	var s savedRecord
	if err := json.Unmarshal(record, &s); err != nil || s.Name != name {
		return Record{}, errDamaged
	}
	return Record{
		Name: s.Name, Identity: s.Identity, Generation: s.Generation, Nonce: s.Nonce,
		Version: s.Version, Removed: s.Removed, Intent: s.Intent, Relogin: s.Relogin, Stop: s.Stop, Reported: s.Reported, Cred: s.Cred.restore(c),
	}, nil
}

func saveCred(c *credential.Credential, boot string) *savedCred {
	if c == nil {
		return nil
	}
	t := c.Times
	return &savedCred{
		Serial: c.Serial,
		Value:  []byte(c.Value.Reveal()),
		Public: saveValues(c.Public), Private: saveValues(c.Private),
		Answer: c.Answer,
		Times: savedTimes{
			Login:     t.Login,
			Boot:      boot,
			Requested: t.Requested.Wall.Round(0), RequestedBoot: t.Requested.Boot,
			Used: t.Used.Wall.Round(0), UsedBoot: t.Used.Boot,
			Life: t.Life, Idle: t.Idle, Hint: t.Hint, Private: t.Private,
		},
	}
}

func (s *savedCred) restore(c clocks) *credential.Credential {
	if s == nil {
		return nil
	}
	t := s.Times
	same := t.Boot != "" && t.Boot == c.boot
	return &credential.Credential{
		Serial: s.Serial,
		Value:  credential.NewSecret(string(s.Value)),
		Public: restoreValues(s.Public), Private: restoreValues(s.Private),
		Answer: bytes.Clone(s.Answer),
		Times: credential.Times{
			Login:     t.Login,
			Requested: c.instant(t.Requested, t.RequestedBoot, same),
			Used:      c.instant(t.Used, t.UsedBoot, same),
			Life:      t.Life, Idle: t.Idle, Hint: t.Hint, Private: t.Private,
		},
	}
}

// instant is a stored moment on this boot's clocks. A wall clock that stands
// before the moment was set back: then as little time as possible has passed,
// so that the boot clock at least ends its life after a whole one.
func (c clocks) instant(wall time.Time, boot time.Duration, sameBoot bool) credential.Instant {
	if !sameBoot {
		boot = c.now.Boot - max(0, c.now.Wall.Sub(wall))
	}
	return credential.Instant{Wall: wall, Boot: boot}
}

func saveValues(values []credential.Value) []savedValue {
	saved := make([]savedValue, 0, len(values))
	for _, v := range values {
		saved = append(saved, savedValue{v.Name, []byte(v.Secret.Reveal())})
	}
	return saved
}

func restoreValues(saved []savedValue) []credential.Value {
	if len(saved) == 0 {
		return nil
	}
	values := make([]credential.Value, 0, len(saved))
	for _, v := range saved {
		values = append(values, credential.Value{Name: v.Name, Secret: credential.NewSecret(string(v.Value))})
	}
	return values
}

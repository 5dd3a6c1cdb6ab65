package accesslist

import (
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want List
	}{
		"plain":         {"O:BAD:(A;;FA;;;SY)(A;;0x1200a9;;;BU)", List{Administrators, []Grant{{System, 0x1f01ff}, {users, 0x1200a9}}}},
		"inherit only":  {"O:SYD:(A;OICIIO;GA;;;AU)(A;CI;LC;;;AU)", List{System, []Grant{{known, 0x4}}}},
		"denied":        {"O:SYD:(D;;FA;;;AU)(A;;FR;;;AU)", List{System, []Grant{{known, 0x120089}}}},
		"an empty list": {"O:SYD:", List{System, nil}},
		"no list":       {"O:SY", List{System, []Grant{{Everyone, genericAll}}}},
		"the service":   {"O:" + Service + "D:P(A;;GA;;;" + Service + ")", List{Service, []Grant{{Service, genericAll}}}},
	} {
		sd, err := windows.SecurityDescriptorFromString(tt.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := parse(sd)
		if err != nil || got.Owner != tt.want.Owner || !slices.Equal(got.Grants, tt.want.Grants) {
			t.Errorf("%s: got %+v %v, want %+v", name, got, err, tt.want)
		}
	}
}

func TestAnEntryOfAnUnknownKindCountsAsAll(t *testing.T) {
	const object = 0x5 // ACCESS_ALLOWED_OBJECT_ACE, which has no place in a file's list
	got := grant(&windows.ACCESS_ALLOWED_ACE{Header: windows.ACE_HEADER{AceType: object}, Mask: 1})
	if !slices.Equal(got, []Grant{{Everyone, genericAll}}) {
		t.Errorf("got %+v", got)
	}
}

func TestOwnFile(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l, err := OfPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if other := l.Other(Replace, self); other != "" {
		t.Logf("%s may replace what is in %s", Name(other), dir) // a machine's temporary folder may be anyone's
	}
	if l.Owner != self && l.Owner != Administrators {
		t.Errorf("the owner is %s, and we are %s", l.Owner, self)
	}
}

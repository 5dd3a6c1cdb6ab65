package accesslist

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"testing"
	"unicode/utf16"
)

const (
	someone = "S-1-5-21-1-2-3-1001"
	daemon  = "S-1-5-21-1-2-3-1002"
	users   = "S-1-5-32-545"
	known   = "S-1-5-11" // all who have logged in
)

func TestOther(t *testing.T) {
	for name, tt := range map[string]struct {
		list   List
		rights Rights
		want   string
	}{
		"the installer's":                      {List{Administrators, []Grant{{System, genericAll}, {Administrators, genericAll}, {Service, Change | Read}}}, Change | Read, ""},
		"the daemon's own":                     {List{daemon, []Grant{{daemon, genericAll}}}, Change | Read, ""},
		"someone else's":                       {List{someone, nil}, Read, someone},
		"one that others may read":             {List{System, []Grant{{users, readData}}}, Read, users},
		"one that others may read, changed":    {List{System, []Grant{{users, readData}}}, Change, ""},
		"one that others may write":            {List{System, []Grant{{known, writeData}}}, Change, known},
		"one that others may append to":        {List{System, []Grant{{known, appendData}}}, Change, known},
		"one that others may delete":           {List{System, []Grant{{known, remove}}}, Change, known},
		"one whose list others may change":     {List{System, []Grant{{known, writeList}}}, Read, known},
		"one that others may take":             {List{System, []Grant{{known, writeOwner}}}, Replace, known},
		"one with generic rights":              {List{System, []Grant{{users, genericR}}}, Read, users},
		"the second of two":                    {List{System, []Grant{{System, genericAll}, {Everyone, genericAll}}}, Read, Everyone},
		"C:, where all may make folders":       {List{installer, []Grant{{users, 0x1200a9}, {known, appendData}}}, Replace, ""},
		"C:, where all may make folders, last": {List{installer, []Grant{{users, 0x1200a9}, {known, appendData}}}, Change, known},
		"ProgramData":                          {List{System, []Grant{{creator, genericAll}, {users, 0x116}}}, Replace, ""},
		"a folder that others may empty":       {List{System, []Grant{{users, deleteChild}}}, Replace, users},
		"the owner by his other name":          {List{daemon, []Grant{{ownerRights, genericAll}}}, Change, ""},
	} {
		if got := tt.list.Other(tt.rights, daemon); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// What is known of how Windows numbers a service is tried on one whose number
// is printed everywhere.
func TestServiceNumbers(t *testing.T) {
	for name, want := range map[string]string{"TRUSTEDINSTALLER": installer, "AUTHD": Service} {
		var text []byte
		for _, u := range utf16.Encode([]rune(name)) {
			text = binary.LittleEndian.AppendUint16(text, u)
		}
		sum := sha1.Sum(text)
		got := "S-1-5-80"
		for i := 0; i < len(sum); i += 4 {
			got += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

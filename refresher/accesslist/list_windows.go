package accesslist

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

const wanted = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION

// OfFile is the list of an open file or folder.
func OfFile(f *os.File) (List, error) { return of(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT) }

// OfPipe is the list of a pipe, by the handle of one of its ends, which must be
// open for reading.
func OfPipe(end windows.Handle) (List, error) { return of(end, windows.SE_KERNEL_OBJECT) }

// OfPath is the list of what stands at a path.
func OfPath(path string) (List, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, wanted)
	if err != nil {
		return List{}, fmt.Errorf("the access list of %s cannot be read: %w", path, err)
	}
	return parse(sd)
}

func of(h windows.Handle, kind windows.SE_OBJECT_TYPE) (List, error) {
	sd, err := windows.GetSecurityInfo(h, kind, wanted)
	if err != nil {
		return List{}, fmt.Errorf("the access list cannot be read: %w", err)
	}
	return parse(sd)
}

func parse(sd *windows.SECURITY_DESCRIPTOR) (List, error) {
	owner, _, err := sd.Owner()
	if err != nil {
		return List{}, fmt.Errorf("the owner cannot be read: %w", err)
	}
	l := List{Owner: owner.String()}
	acl, _, err := sd.DACL()
	if err != nil || acl == nil { // no list at all is one that allows everything
		l.Grants = []Grant{{Everyone, genericAll}}
		return l, nil
	}
	for i := range uint32(acl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(acl, i, &ace); err != nil {
			return List{}, fmt.Errorf("the access list cannot be read: %w", err)
		}
		l.Grants = append(l.Grants, grant(ace)...)
	}
	return l, nil
}

// The kinds of entries ([MS-DTYP] 2.4.4.1) that grant nothing, or whose account
// stands where that of a plain one does.
const (
	kindAllowed         = 0x0
	kindDenied          = 0x1
	kindDeniedObject    = 0x6
	kindAllowedCallback = 0x9
	kindDeniedCallback  = 0xA
)

// grant is what an entry gives; one of a kind that is not known is taken to give
// everything to everyone.
func grant(ace *windows.ACCESS_ALLOWED_ACE) []Grant {
	if ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
		return nil
	}
	switch ace.Header.AceType {
	case kindAllowed, kindAllowedCallback:
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		return []Grant{{sid.String(), Rights(ace.Mask)}}
	case kindDenied, kindDeniedObject, kindDeniedCallback:
		return nil
	}
	return []Grant{{Everyone, genericAll}}
}

// Self is the account that this process runs as.
func Self() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("the process's own account is not known: %w", err)
	}
	return user.User.Sid.String(), nil
}

// Name is how people call an account, DOMAIN\name, or its number where it has
// no name here.
func Name(sid string) string {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return sid
	}
	name, domain, _, err := s.LookupAccount("")
	switch {
	case err != nil:
		return sid
	case domain == "":
		return name
	}
	return domain + `\` + name
}

package accesslist

import "slices"

// The accounts that may do everything anyway, and so are not others.
const (
	System         = "S-1-5-18"
	Administrators = "S-1-5-32-544"
	// Service is NT SERVICE\authd, as which the installed service runs.
	Service = "S-1-5-80-3733847795-2198956809-1841698210-3923492485-3570583468"

	installer    = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" // TrustedInstaller: owns what Windows brings
	creator      = "S-1-3-0"                                                        // stands for nobody until it is inherited
	creatorGroup = "S-1-3-1"
	ownerRights  = "S-1-3-4" // the owner, who is judged by himself
)

// Everyone is what a missing list allows everything to.
const Everyone = "S-1-1-0"

// Rights is a set of what an entry grants (winnt.h, ACCESS_MASK; the names are
// those of a file, and what they mean for a folder stands beside them).
type Rights uint32

const (
	readData    Rights = 0x1
	writeData   Rights = 0x2 // of a folder: add a file
	appendData  Rights = 0x4 // of a folder: add a folder
	deleteChild Rights = 0x40
	remove      Rights = 0x10000
	writeList   Rights = 0x40000
	writeOwner  Rights = 0x80000
	genericAll  Rights = 0x10000000
	genericW    Rights = 0x40000000
	genericR    Rights = 0x80000000

	takeOver = writeList | writeOwner | genericAll
)

const (
	// Read is to see what a file holds.
	Read = readData | genericR | takeOver
	// Change is to change a file, or what names a folder has in it.
	Change = writeData | appendData | deleteChild | remove | genericW | takeOver
	// Replace is to put something else in the place of what is in a folder, or
	// of the folder itself.
	Replace = deleteChild | remove | takeOver
)

// List is what is known of who may do what: the owner, who may always change
// the list, and the entries that grant something here.
type List struct {
	Owner  string
	Grants []Grant
}

// Grant is one entry.
type Grant struct {
	SID    string
	Rights Rights
}

// Other is the first who is neither trusted nor one of the accounts that may do
// everything anyway, and who has any of the rights; "" where there is none.
// Owning counts as all of them.
func (l List) Other(rights Rights, trusted ...string) string {
	if !safe(l.Owner, trusted) {
		return l.Owner
	}
	for _, g := range l.Grants {
		if g.Rights&rights != 0 && !safe(g.SID, trusted) && !slices.Contains(nobodyElse, g.SID) {
			return g.SID
		}
	}
	return ""
}

var (
	almighty   = []string{System, Administrators, Service, installer}
	nobodyElse = []string{creator, creatorGroup, ownerRights}
)

func safe(sid string, trusted []string) bool {
	return slices.Contains(almighty, sid) || slices.Contains(trusted, sid)
}

package ipc

// The events of the watch stream.
const (
	EventStatus     = "status" // a whole Status, at the stream's start
	EventIssued     = "issued"
	EventRenewing   = "renewing"
	EventFailed     = "failed"
	EventExpired    = "expired"
	EventNeedsLogin = "needs-login"
	EventRejected   = "rejected"
	EventReloaded   = "reloaded" // the configuration; no name where it is about none
	EventRemoved    = "removed"
	EventOverflow   = "overflow" // the reader was too slow; the stream ends
	EventPing       = "ping"
)

// Event is one thing that happened to a credential.
type Event struct {
	At         Time   `json:"at"`
	Name       string `json:"name,omitempty"`
	Event      string `json:"event"`
	State      State  `json:"state,omitempty"`
	Generation uint64 `json:"generation,omitempty"`
	ExpiresAt  Time   `json:"expires_at"`
	Class      string `json:"class,omitempty"`
}

// StatusEvent is a line at the start of a watch stream.
type StatusEvent struct {
	At    Time   `json:"at"`
	Event string `json:"event"` // EventStatus
	Status
}

// The modules of a QR code.
const (
	QRBlack = '#'
	QRWhite = '.'
)

// LoginStep is one line of a login stream.
type LoginStep struct {
	Say    string   `json:"say,omitempty"`    // one line for a person
	URL    string   `json:"url,omitempty"`    // to open in a browser
	Code   string   `json:"code,omitempty"`   // to type there
	QR     []string `json:"qr,omitempty"`     // URL as a QR code, a row each, without the blank frame: QRBlack and QRWhite
	Scan   bool     `json:"scan,omitempty"`   // URL is good on any device, and the best to give to a phone
	Done   bool     `json:"done,omitempty"`   // the login is over and good; Status tells the rest
	Status *Status  `json:"status,omitempty"` // with Done
	Error  *Error   `json:"error,omitempty"`  // the login is over and failed
}

package daemon

import (
	"strings"

	"rsc.io/qr/coding"

	"authd/ipc"
	"authd/refresher/credential"
)

// loginStep is what a person must see, as it goes over the socket.
func loginStep(p credential.Prompt) ipc.LoginStep {
	return ipc.LoginStep{Say: p.Say, URL: p.URL, Code: p.Code, QR: qrCode(p.URL), Scan: p.Scan}
}

// qrCode is the smallest QR code of an address, with the least redundancy: a
// screen has no scratches, and terminals have few columns. It is made here so
// that authctl, which starts for every line of somebody's script, need not
// link what makes it. None is made of nothing, or of more than fits.
func qrCode(address string) (rows []string) {
	text := coding.String(address)
	version := coding.Version(coding.MinVersion)
	for version < coding.MaxVersion && text.Bits(version) > version.DataBytes(coding.L)*8 {
		version++
	}
	plan, err := coding.NewPlan(version, coding.L, 0)
	if err != nil || address == "" {
		return nil
	}
	code, err := plan.Encode(text)
	if err != nil {
		return nil
	}
	for y := range code.Size {
		var row strings.Builder
		for x := range code.Size {
			if code.Black(x, y) {
				row.WriteByte(ipc.QRBlack)
			} else {
				row.WriteByte(ipc.QRWhite)
			}
		}
		rows = append(rows, row.String())
	}
	return rows
}

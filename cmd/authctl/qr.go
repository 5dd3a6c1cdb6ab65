package main

import (
	"os"
	"strings"

	"authd/ipc"
)

// showQR draws a login step's QR code, for a phone to read from the screen: of
// an address that is good on any device, where stderr is a terminal with room
// for it. With --qr it is drawn wherever stderr goes, and also of a page that
// comes back to the daemon's host, which a phone can open but not finish.
func (a *app) showQR(step ipc.LoginStep, o *options) {
	forced := o.has("qr") && step.Code == "" // what has a code to type is followed by a better one
	width := columnsOf(a.err)
	fits := width >= len(step.QR)+2*quiet && isDrawable()
	if len(step.QR) > 0 && !o.has("no-qr") && (forced || step.Scan && (fits || o.has("qr"))) {
		a.note(drawQR(step.QR, width > 0 && os.Getenv("NO_COLOR") == ""))
	}
}

// isDrawable reports whether the terminal has half blocks: one that says
// nothing of its characters has, one that names others than UTF-8 has not.
func isDrawable() bool {
	locale := ""
	for _, name := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale = os.Getenv(name); locale != "" {
			break
		}
	}
	_, charset, named := strings.Cut(strings.ToLower(locale), ".")
	return os.Getenv("TERM") != "dumb" && (!named || strings.HasPrefix(charset, "utf-8") || strings.HasPrefix(charset, "utf8"))
}

// quiet is the blank frame that readers need, in modules (ISO/IEC 18004).
const quiet = 4

// Black on white, whatever the terminal's own colours are: 16 and 231 are the
// two that no theme changes.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	ownColours   = "\x1b[0m"
)

// drawQR draws a code with two modules a character, one above the other.
// Without colours the terminal's own are taken to be light on dark, which most
// are; on others the code is inverted, as most phones can read.
func drawQR(rows []string, coloured bool) string {
	blocks, begin, end := [...]string{"█", "▀", "▄", " "}, "", ""
	if coloured {
		blocks, begin, end = [...]string{" ", "▄", "▀", "█"}, blackOnWhite, ownColours
	}
	isBlack := func(x, y int) bool {
		return y >= 0 && y < len(rows) && x >= 0 && x < len(rows[y]) && rows[y][x] == ipc.QRBlack
	}
	var lines []string
	for y := -quiet; y < len(rows)+quiet; y += 2 {
		var line strings.Builder
		line.WriteString(begin)
		for x := -quiet; x < len(rows)+quiet; x++ {
			block := 0
			if isBlack(x, y) {
				block += 2
			}
			if isBlack(x, y+1) {
				block++
			}
			line.WriteString(blocks[block])
		}
		line.WriteString(end)
		lines = append(lines, line.String())
	}
	return strings.Join(lines, "\n")
}

package daemon

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os/exec"
	"strings"
	"testing"

	"authd/ipc"
)

// Every code that is sent is read again by a program that nobody here wrote.
func TestQRCodesCanBeRead(t *testing.T) {
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("NOT TESTED: zbarimg is not installed; .ci/run does it, where apt-get is there")
	}
	for _, address := range []string{
		"https://i.example/device?user_code=WDJB-MJHT",
		"http://127.0.0.1:4901/device?user_code=PPBN-FSNQ",
		"HTTPS://EXAMPLE.COM/A",
		"https://login.example/authorize?" + strings.Repeat("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&", 9),
	} {
		cmd := exec.CommandContext(t.Context(), reader, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-")
		cmd.Stdin = bytes.NewReader(picture(t, qrCode(address)))
		out, err := cmd.Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != address {
			t.Errorf("read %q, %v; want %q", got, err, address)
		}
	}
}

// picture draws a code as a PNG, four dots a module, in its blank frame.
func picture(t *testing.T, rows []string) []byte {
	t.Helper()
	const dots, frame = 4, 4
	size := (len(rows) + 2*frame) * dots
	p := image.NewGray(image.Rect(0, 0, size, size))
	for i := range p.Pix {
		p.Pix[i] = 0xff
		x, y := i%size/dots-frame, i/size/dots-frame
		if y >= 0 && y < len(rows) && x >= 0 && x < len(rows[y]) && rows[y][x] == ipc.QRBlack {
			p.SetGray(i%size, i/size, color.Gray{})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatHasNoQRCode(t *testing.T) {
	for name, address := range map[string]string{"nothing": "", "more than fits": strings.Repeat("x", 3000)} {
		if rows := qrCode(address); rows != nil {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
}

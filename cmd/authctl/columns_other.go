//go:build !unix

package main

import "os"

// columnsOf is always 0 here: how wide a console is has not been tried, and
// --qr draws without asking.
func columnsOf(*os.File) int { return 0 }

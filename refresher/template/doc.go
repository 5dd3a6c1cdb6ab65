// Package template is the ${name|function:argument} of recipes over byte
// strings: parsed once, worked out as often as wanted.
package template

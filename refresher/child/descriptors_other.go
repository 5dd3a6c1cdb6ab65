//go:build !linux

package child

// keepDescriptors has nothing to do: what Go opens is closed in children, and
// service managers here give a service no others.
func keepDescriptors() {}

package recipe

import "testing"

func TestBuiltinRecipesPassTheirVectors(t *testing.T) {
	names := Builtin()
	if len(names) < 20 {
		t.Fatalf("only %d recipes are built in", len(names))
	}
	var s Set
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r, err := s.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			if r.Name() != name {
				t.Errorf("got the name %q", r.Name())
			}
		})
	}
}

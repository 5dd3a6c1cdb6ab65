package config

// Recipes is what config has to know of recipes. It is used by one goroutine.
type Recipes interface {
	// Names are those of all recipes, for "did you mean".
	Names() []string
	// Params are the parameters of a recipe. The error says why the recipe
	// cannot be used; it is asked only for one of Names.
	Params(recipe string) ([]ParamSpec, error)
	// Check settles the parameters of c, whose secrets are fetched, and tells
	// what is wrong with them and with keys that the recipe has a say in. A
	// parameter with From has no value yet, and is not missing.
	Check(c *Credential) []Problem
}

// ParamSpec is one parameter of a recipe.
type ParamSpec struct {
	Name   string
	Secret bool   // a literal needs a file that others cannot read
	List   bool   // a list of texts, such as a command
	Join   string // a text, or a list of texts that are joined by this
	Fields bool   // a table of texts, numbers and lists; its value is form-encoded
}

// Problem is what a recipe has against a credential.
type Problem struct {
	Key     string // inside the credential: password, output[0].format; "": the credential as a whole
	Message string // what is wrong; what to write instead
}

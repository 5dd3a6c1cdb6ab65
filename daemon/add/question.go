package add

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"authd/daemon/config"
	"authd/refresher/document"
	"authd/refresher/recipe"
)

// tries is how often a person is asked for one thing.
const tries = 3

// content is what comes into the drop-in.
type content struct {
	params []param
	kept   []setting
	signs  bool // each request for itself, so that no file can authorise one
}

// param is a parameter that was given.
type param struct {
	recipe.Param
	text      string   // in clear; "" where only elsewhere is known
	items     []string // of one that is a list; text is empty then
	elsewhere string   // where it is kept, as TOML has it
}

// inquiry is the asking for one content.
type inquiry struct {
	*Addition
	content
	options recipe.BindOptions
}

// question settles what is known from the command line and asks for the rest.
func (a *Addition) question(ctx context.Context) (*content, error) {
	q := &inquiry{Addition: a}
	if err := q.settings(); err != nil {
		return nil, fmt.Errorf("--set %w", err)
	}
	a.Ask.Say(a.Recipe.Name() + ": " + a.Recipe.About())
	if err := q.groups(ctx); err != nil {
		return nil, err
	}
	for _, p := range a.Recipe.Params() {
		if p.Required && !q.has(p.Name) {
			if err := q.ask(ctx, p); err != nil {
				return nil, err
			}
		}
	}
	if err := q.further(ctx); err != nil {
		return nil, err
	}
	if err := q.settle(ctx); err != nil {
		return nil, err
	}
	order := a.Recipe.Params()
	slices.SortStableFunc(q.params, func(x, y param) int { return place(order, x.Name) - place(order, y.Name) })
	return &q.content, nil
}

func place(list []recipe.Param, name string) int {
	return slices.IndexFunc(list, func(p recipe.Param) bool { return p.Name == name })
}

func (c *content) has(name string) bool {
	return slices.ContainsFunc(c.params, func(p param) bool { return p.Name == name })
}

// groups settles which of the recipe's groups of parameters is given, and
// asks for what lacks of it.
func (q *inquiry) groups(ctx context.Context) error {
	groups := q.Recipe.Groups()
	if len(groups) == 0 {
		return nil
	}
	chosen := slices.IndexFunc(groups, func(g []string) bool { return slices.ContainsFunc(g, q.has) })
	if chosen < 0 {
		var err error
		if chosen, err = q.choose(ctx, groups); err != nil {
			return err
		}
	}
	params := q.Recipe.Params()
	for _, name := range groups[chosen] {
		if at := place(params, name); at >= 0 && !q.has(name) {
			if err := q.ask(ctx, params[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

// choose asks which way of several. An empty answer is the first.
func (q *inquiry) choose(ctx context.Context, groups [][]string) (int, error) {
	q.Ask.Say("It can be given in these ways:")
	for i, g := range groups {
		q.Ask.Say(fmt.Sprintf("  %d  %s", i+1, strings.Join(g, ", ")))
	}
	chosen := 0
	err := q.until(ctx, fmt.Sprintf("Which way? 1-%d [1] ", len(groups)), false, func(answer string) error {
		if answer == "" {
			return nil
		}
		n, err := strconv.Atoi(answer)
		if err != nil || n < 1 || n > len(groups) {
			return fmt.Errorf("which way: write a number from 1 to %d", len(groups))
		}
		chosen = n - 1
		return nil
	})
	return chosen, err
}

// ask asks for one parameter, in the recipe's words.
func (q *inquiry) ask(ctx context.Context, p recipe.Param) error {
	_, err := q.askOr(ctx, p, "")
	return err
}

// askOr asks for one parameter. Where it may be left out, otherwise says what
// holds then; given is false if it was.
func (q *inquiry) askOr(ctx context.Context, p recipe.Param, otherwise string) (given bool, err error) {
	err = q.until(ctx, q.prompt(p, otherwise), p.Secret(), func(answer string) error {
		switch given = answer != ""; {
		case !given && otherwise == "":
			return fmt.Errorf("%s: is missing (%s)", p.Name, p.Help)
		case !given:
			return nil
		case isNetwork(p.Name):
			return q.own(p.Name, answer)
		}
		one, err := fromFile(param{Param: p, text: answer})
		if err != nil {
			return err
		}
		return q.take(one)
	})
	if otherwise != "" && errors.Is(err, ErrNoMore) {
		return false, nil
	}
	return given, err
}

// prompt is the question for a parameter.
func (q *inquiry) prompt(p recipe.Param, otherwise string) string {
	about := p.Help
	if p.Type == "list" {
		about += `; words with blanks between, or ["…", "…"]`
	}
	if p.Choices != nil {
		about += "; " + strings.Join(p.Choices, " or ")
	}
	if p.Secret() && q.Ask.Person() {
		about += "; not shown; @/FILE where a file has it"
	}
	if otherwise != "" {
		about += "; left out: " + otherwise
	}
	return fmt.Sprintf("%s (%s): ", p.Name, about)
}

// until asks until the answer is taken, a person a few times, a script once.
func (q *inquiry) until(ctx context.Context, prompt string, secret bool, take func(string) error) error {
	for n := 1; ; n++ {
		answer, err := q.Ask.Line(ctx, prompt, secret)
		if err != nil {
			return fmt.Errorf("%s %w", strings.TrimRight(prompt, ": "), err)
		}
		if !secret {
			answer = strings.TrimSpace(answer)
		}
		err = take(answer)
		if err == nil || !q.Ask.Person() || n == tries {
			return err
		}
		q.Ask.Say(err.Error())
	}
}

// take adds a parameter if its value is one.
func (q *inquiry) take(p param) error {
	if !p.Secret() && !utf8.ValidString(p.text) {
		return fmt.Errorf("%s: is not UTF-8; type it again", p.Name)
	}
	if strings.ContainsRune(p.text, 0) {
		return fmt.Errorf("%s: has a zero byte in it; type it again", p.Name)
	}
	if p.Type == "list" {
		var err error
		if p.items, err = items(p.text); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		p.text = ""
	}
	q.params = append(q.params, p)
	for _, problem := range q.bind() {
		if problem.Key == p.Name {
			q.params = q.params[:len(q.params)-1]
			return fmt.Errorf("%s: %s", p.Name, problem.Message)
		}
	}
	return nil
}

// values are the parameters so far, as far as they are known here; the options
// tell of the others.
func (q *inquiry) values() map[string]string {
	values := map[string]string{}
	q.options.Pending, q.options.Lists = nil, map[string][]string{}
	q.options.NoClientCert = !slices.ContainsFunc(q.kept, func(s setting) bool { return s.key == "client_cert" })
	for _, p := range q.params {
		switch {
		case p.elsewhere != "" && p.text == "":
			q.options.Pending = append(q.options.Pending, p.Name)
		case p.items != nil:
			q.options.Lists[p.Name] = p.items
		default:
			values[p.Name] = p.text
		}
	}
	return values
}

// bind tells what the recipe has against what is given so far.
func (q *inquiry) bind() []recipe.Problem {
	bound, problems := q.Recipe.Bind(q.values(), q.options)
	q.signs = bound != nil && bound.Signer().Dynamic()
	return problems
}

// settle asks for hosts where the recipe has none, and tells what is wrong
// with all of it together.
func (q *inquiry) settle(ctx context.Context) error {
	problems := q.bind()
	if q.options.Hosts == nil && (len(q.Recipe.Hosts()) == 0 || len(problems) == 1 && problems[0].Key == "hosts") {
		if err := q.hosts(ctx); err != nil {
			return err
		}
		problems = q.bind()
	}
	var errs []error
	for _, p := range problems {
		errs = append(errs, errors.New(strings.TrimPrefix(p.Key+": "+p.Message, ": ")))
	}
	return errors.Join(errs...)
}

func (q *inquiry) hosts(ctx context.Context) error {
	return q.until(ctx, "hosts (where it may be used, such as api.example.com; several with blanks between): ", false, func(answer string) error {
		if answer == "" {
			return errors.New("hosts: is missing (where it may be used)")
		}
		hosts, err := config.ParseHosts(words(answer))
		if err != nil {
			return fmt.Errorf("hosts: %w", err)
		}
		q.options.Hosts = hosts
		q.kept = append(q.kept, setting{"hosts", quoteAll(hosts)})
		return nil
	})
}

// words are separated by blanks or commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}

// items reads a list as TOML has it, or as words.
func items(s string) ([]string, error) {
	if !strings.HasPrefix(s, "[") {
		return strings.Fields(s), nil
	}
	wrong := errors.New(`must be a list such as ["…", "…"]`)
	root, err := document.Parse("", []byte("x = "+s))
	if err != nil || len(root.Nodes) != 1 {
		return nil, wrong
	}
	var list []string
	for _, n := range root.Nodes[0].Nodes {
		item, ok := n.Str()
		if !ok {
			return nil, wrong
		}
		list = append(list, item)
	}
	return list, nil
}

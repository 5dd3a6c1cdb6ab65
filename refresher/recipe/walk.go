package recipe

// each visits every template of a VALUE.
func (v *value) each(visit func(*text)) {
	if v == nil {
		return
	}
	for _, a := range v.alts {
		if a.cond != nil {
			visit(a.cond)
		}
		visit(a.then)
	}
}

func (m *member) each(visit func(*text)) {
	visit(m.name)
	m.value.each(visit)
	m.json.each(visit)
}

func (j *jsonValue) each(visit func(*text)) {
	if j == nil {
		return
	}
	if j.text != nil {
		visit(j.text)
	}
	for i := range j.members {
		j.members[i].each(visit)
	}
	for _, item := range j.items {
		item.each(visit)
	}
}

func (j *minted) each(visit func(*text)) {
	j.alg.each(visit)
	j.key.each(visit)
	for _, list := range [2][]member{j.claims, j.header} {
		for i := range list {
			list[i].each(visit)
		}
	}
}

func (f *file) jwt(name string) *minted {
	for _, j := range f.jwts {
		if j.name == name {
			return j
		}
	}
	return nil
}

func (f *file) jwtNames() (names []string) {
	for _, j := range f.jwts {
		names = append(names, j.name)
	}
	return names
}

func (f *file) let(name string) *let {
	for _, l := range f.lets {
		if l.name == name {
			return l
		}
	}
	return nil
}

func (f *file) letNames() (names []string) {
	for _, l := range f.lets {
		names = append(names, l.name)
	}
	return names
}

func (e *apply) each(visit func(*text)) {
	for _, list := range [][]member{e.headers, e.cookies, e.query, e.form, e.json} {
		for i := range list {
			list[i].each(visit)
		}
	}
	e.cookieLine.each(visit)
}

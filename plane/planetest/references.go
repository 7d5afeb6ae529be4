package planetest

// A Reference is how an answer or a webhook names the record that a field of a
// work item points to.
type Reference int

const (
	// ReferenceUsual is what Plane does: an object where expand= asked for one
	// and in webhooks, a bare id elsewhere.
	ReferenceUsual Reference = iota
	// ReferenceBare is the id alone, also where an object is due.
	ReferenceBare
	// ReferenceNull is null in place of the object, the id or the whole list.
	ReferenceNull
	// ReferenceHoles puts null in place of each entry of a list; a field that
	// is no list is null.
	ReferenceHoles
)

// ShowReferences lets a function say how each work item shows its state, labels,
// assignees and parent, in every answer and every webhook; nil ends it. Servers
// were seen to answer a bare id or null although expand= asked for an object.
// The function is called one at a time and must not call the server.
func (s *Server) ShowReferences(show func(itemID, field string) Reference) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show = show
}

// shown is an item's object with the references as ShowReferences wants them.
func (s *Server) shown(it *workItem, o object) object {
	if s.show == nil {
		return o
	}
	for _, bare := range []member{
		{"state", it.state.id}, {"labels", it.labels}, {"assignees", it.assignees}, {"parent", orNull(it.parent)},
	} {
		if _, there := o.lookup(bare.key); !there {
			continue
		}
		switch s.show(it.id, bare.key) {
		case ReferenceUsual:
		case ReferenceBare:
			o = o.set(bare.key, bare.value)
		case ReferenceNull:
			o = o.set(bare.key, nil)
		case ReferenceHoles:
			o = o.set(bare.key, holes(bare.value))
		}
	}
	return o
}

func holes(value any) any {
	list, isList := value.([]string)
	if !isList {
		return nil
	}
	return make([]any, len(list))
}

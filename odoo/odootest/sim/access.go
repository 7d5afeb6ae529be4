package sim

import (
	"crypto/sha1" //nolint:gosec // Makes a stable 40-digit text for tests; guards nothing.
	"encoding/hex"
	"slices"
	"strings"
)

// Groups that the stock models ask for, as the real server's refusals name them.
const (
	groupSystem = "Role / Administrator"
	groupRights = "Access Rights"
	groupUser   = "Role / User"
)

// GroupContacts is the group of whoever may write contacts, as refusals name it; its full name is
// Contact / Creation. GroupAccounting is Accounting / Administrator.
const (
	GroupContacts   = "Contact/Creation"
	GroupAccounting = "Accounting/Administrator"
)

// superuser is the id of OdooBot, whom no right and no rule holds back.
const superuser = 1

// Credentials are what one user signs in with. The secret of a call may be the password or the key;
// JSON-2 takes only the key.
type Credentials struct {
	UID      int64
	Login    string
	Password string
	// APIKey has 40 hexadecimal digits, as Odoo's keys have.
	APIKey string
}

// account is a user as the access rules see it.
type account struct {
	Credentials
	id     int64
	groups []string
}

func newAccount(id int64, login string, groups ...string) *account {
	return &account{
		id: id, groups: groups,
		Credentials: Credentials{UID: id, Login: login, Password: login, APIKey: keyFor(login)},
	}
}

// keyFor derives a key from a text, so that keys are the same in every run and none stands in the
// source.
func keyFor(seed string) string {
	sum := sha1.Sum([]byte("odootest key of " + seed)) //nolint:gosec // See the import.
	return hex.EncodeToString(sum[:])
}

func (a *account) in(groups []string) bool {
	return slices.ContainsFunc(groups, func(group string) bool { return slices.Contains(a.groups, group) })
}

// may tells whether the user has a right (read, write, create, unlink) on a model.
func (a *account) may(m *Model, operation string) bool {
	groups := m.Writers
	if operation == "read" {
		groups = m.Readers
	}
	return groups == nil || a.in(groups)
}

// permitted tells whether the user has a right on a record: the model's groups, then its rule.
func (tx *Tx) permitted(t *table, r Row, operation string) bool {
	return tx.user.may(t.Model, operation) && tx.passesRule(t, r, operation)
}

func (tx *Tx) passesRule(t *table, r Row, operation string) bool {
	return t.Rule == nil || tx.user.id == superuser || t.Rule(tx, r, operation)
}

// permit refuses what the model's rule about single records does not let the user do.
func (tx *Tx) permit(t *table, r Row, operation string) error {
	switch {
	case tx.passesRule(t, r, operation):
		return nil
	case t.Name == "mail.activity" && operation == "create":
		return raise("odoo.exceptions.AccessError", "The requested operation cannot be completed due to security restrictions. "+
			"Please contact your system administrator.\n\n(Document type: %s, Operation: %s)\n\nRecords: %d, User: %d",
			t.Label, operation, r.ID(), tx.user.id)
	}
	return raise("odoo.exceptions.AccessError", "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\n"+
		"Sorry, %s (id=%d) doesn't have '%s' access to:\n- %s (%s)\n\nIf you really, really need access, perhaps you can win over "+
		"your friendly administrator with a batch of freshly baked cookies.", tx.displayName("res.users", tx.user.id), tx.user.id, operation, t.Label, t.Name)
}

// sudo does work that the server does by itself, whatever the rights of the user who caused it.
func (tx *Tx) sudo(work func() error) error {
	user := tx.user
	tx.user = &account{id: superuser, groups: allGroups}
	defer func() { tx.user = user }()
	return work()
}

// allow refuses with the words that the real server uses.
func (a *account) allow(m *Model, operation string) error {
	if operation == "" || a.may(m, operation) {
		return nil
	}
	verb := map[string]string{"read": "access", "write": "modify", "create": "create", "unlink": "delete"}[operation]
	groups := m.Writers
	if operation == "read" {
		groups = m.Readers
	}
	return raise("odoo.exceptions.AccessError", "You are not allowed to %s '%s' (%s) records.\n\n"+
		"This operation is allowed for the following groups:\n\t- %s\n\nContact your administrator to request access if necessary.",
		verb, m.Label, m.Name, strings.Join(groups, "\n\t- "))
}

// Admin is the user with Settings rights: login "admin", uid 2.
func (s *Server) Admin() Credentials { return s.credentials("admin") }

// LeastPrivilege is an internal user with Accounting / Administrator and Contact / Creation: it may do
// everything that the bridge does day by day, and is refused ir.config_parameter, ir.model,
// ir.model.data and base.automation.
func (s *Server) LeastPrivilege() Credentials { return s.credentials("bridge") }

// Outsider is an internal user without accounting rights, who may not even read deadlines.
func (s *Server) Outsider() Credentials { return s.credentials("reader") }

func (s *Server) credentials(login string) Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[login].Credentials
}

// AddUser adds an internal user of the first company and gives its credentials. Groups are named as
// refusals name them: "Contact/Creation", "Accounting/Administrator".
func (s *Server) AddUser(login string, groups ...string) Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.system(s.first())
	a := newAccount(tx.db.tables["res.users"].next, login, append([]string{groupUser}, groups...)...)
	s.accounts[login], s.keys[a.APIKey] = a, a
	for _, db := range s.databases {
		s.system(db).putUser(a, login)
	}
	return a.Credentials
}

// Withdraw takes a group from a user, and Grant gives it.
func (s *Server) Withdraw(login, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[login]
	a.groups = slices.DeleteFunc(slices.Clone(a.groups), func(g string) bool { return g == group })
}

// Grant gives a user a group.
func (s *Server) Grant(login, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[login]
	a.groups = append(slices.Clone(a.groups), group)
}

// ExpireAPIKey ends a user's key. As on a real server JSON-2 refuses it at once, while the two old
// protocols keep taking it, because the process has cached its check.
func (s *Server) ExpireAPIKey(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired[s.accounts[login].APIKey] = true
}

// byUID finds the user of a classic call and checks the secret (password or key).
func (s *Server) byUID(uid int64, secret string) (*account, error) {
	for _, a := range s.accounts {
		if a.id != uid {
			continue
		}
		if secret == a.Password || s.keys[secret] == a {
			return a, nil
		}
		return nil, accessDenied()
	}
	return nil, missingError("res.users", uid, uid)
}

// authenticate answers the uid, or false for any wrong login or secret: never an error.
func (s *Server) authenticate(login, secret string) any {
	a, ok := s.accounts[login]
	if !ok || (secret != a.Password && s.keys[secret] != a) {
		return false
	}
	return a.id
}

// byBearer finds the user of a JSON-2 call.
func (s *Server) byBearer(header string) (*account, error) {
	key, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return nil, httpError(401, "User not authenticated, use an API Key with a Bearer Authorization header.")
	}
	a, known := s.keys[key]
	if !known || s.expired[key] {
		return nil, httpError(401, "Invalid apikey")
	}
	return a, nil
}

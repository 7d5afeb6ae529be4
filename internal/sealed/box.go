// Package sealed encrypts small secrets for storage in the database. It is the
// only room that knows the encryption library.
package sealed

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xchacha20poly1305"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keySize is the length of a key in bytes.
const keySize = 32

// ErrKey says that a key is not what NewKey makes.
var ErrKey = errors.New("expected 32 random bytes in base64, as `odoo-plane-bridge oauth new-key` or `openssl rand -base64 32` prints them")

// ErrSealed says that a value cannot be opened: it was sealed with a key that is
// not at hand, or for another place, or it was changed.
var ErrSealed = errors.New("it was sealed with another key, for another row, or was changed since")

// NewKey makes a key as an operator sets it: 32 random bytes in base64.
func NewKey() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // It never fails; the runtime ends the process instead.
	return base64.StdEncoding.EncodeToString(key)
}

// Box seals with the current key and opens what the current or the previous key
// sealed. It is a keyset of XChaCha20-Poly1305 keys, whose nonces are long enough
// to be drawn at random however often a token is renewed.
type Box struct {
	aead    tink.AEAD
	current []byte // the mark in front of what the current key seals
	known   [][]byte
}

// NewBox makes a box of the keys that an operator set; previous may be empty. It
// returns an error that wraps ErrKey and says which key is wrong, never its value.
func NewBox(current, previous string) (*Box, error) {
	manager, b := keyset.NewManager(), &Box{}
	id, err := b.add(manager, current)
	if err != nil {
		return nil, fmt.Errorf("reading the current key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("choosing the current key: %w", err)
	}
	b.current = b.known[0]
	if previous != "" && !same(previous, current) {
		if _, err := b.add(manager, previous); err != nil {
			return nil, fmt.Errorf("reading the previous key: %w", err)
		}
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("joining the keys: %w", err)
	}
	if b.aead, err = aead.New(handle); err != nil {
		return nil, fmt.Errorf("preparing the encryption: %w", err)
	}
	return b, nil
}

func (b *Box) add(manager *keyset.Manager, text string) (id uint32, err error) {
	raw, err := decode(text)
	if err != nil {
		return 0, err
	}
	parameters, err := xchacha20poly1305.NewParameters(xchacha20poly1305.VariantTink)
	if err != nil {
		return 0, fmt.Errorf("describing the key: %w", err)
	}
	key, err := xchacha20poly1305.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), keyID(raw), parameters)
	if err != nil {
		return 0, fmt.Errorf("building the key: %w", err)
	}
	b.known = append(b.known, key.OutputPrefix())
	return manager.AddKey(key)
}

// keyID names a key by a hash of it, so that every replica gives it the same name
// and a sealed value tells which key sealed it. 32 bits of a hash over 256 random
// bits give nothing away.
func keyID(raw []byte) uint32 {
	digest := sha256.Sum256(append([]byte("odoo-plane-bridge key id\x00"), raw...))
	return max(1, binary.BigEndian.Uint32(digest[:4]))
}

func decode(text string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	if err != nil || len(raw) != keySize || distinct(raw) < keySize/4 {
		return nil, ErrKey
	}
	return raw, nil
}

// same tells a previous key that was never taken away, which is no fault.
func same(one, other string) bool {
	a, errA := decode(one)
	b, errB := decode(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// distinct counts different bytes: about 30 in a random key, few in one that
// somebody typed.
func distinct(raw []byte) int {
	seen := map[byte]bool{}
	for _, b := range raw {
		seen[b] = true
	}
	return len(seen)
}

// Seal encrypts a value for one place, such as table and primary key. Opened for
// another place it is refused.
func (b *Box) Seal(value []byte, place ...string) ([]byte, error) {
	bound, err := json.Marshal(place)
	if err != nil {
		return nil, fmt.Errorf("naming the place of a secret: %w", err)
	}
	return b.aead.Encrypt(value, bound)
}

// Open decrypts what Seal made for the same place. Stale says that the previous
// key sealed it, so that it has to be sealed anew before that key goes.
func (b *Box) Open(value []byte, place ...string) (plain []byte, stale bool, err error) {
	bound, err := json.Marshal(place)
	if err != nil {
		return nil, false, fmt.Errorf("naming the place of a secret: %w", err)
	}
	plain, err = b.aead.Decrypt(value, bound)
	if err != nil {
		return nil, false, ErrSealed
	}
	return plain, !b.Current(value), nil
}

// Current reports whether the current key sealed a value.
func (b *Box) Current(value []byte) bool { return bytes.HasPrefix(value, b.current) }

// Known reports whether a key of this box sealed a value, going by its mark alone.
func (b *Box) Known(value []byte) bool {
	for _, mark := range b.known {
		if bytes.HasPrefix(value, mark) {
			return true
		}
	}
	return false
}

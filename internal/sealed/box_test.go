package sealed_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

func newBox(t *testing.T, current, previous string) *sealed.Box {
	t.Helper()
	box, err := sealed.NewBox(current, previous)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func seal(t *testing.T, box *sealed.Box, value string, place ...string) []byte {
	t.Helper()
	out, err := box.Seal([]byte(value), place...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsSealedOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	box := newBox(t, sealed.NewKey(), "")
	value := seal(t, box, "pln_bot_1", "table", "row 1")
	plain, stale, err := box.Open(value, "table", "row 1")
	if err != nil || stale || string(plain) != "pln_bot_1" {
		t.Errorf("Open = %q, stale %v, %v", plain, stale, err)
	}
	for _, place := range [][]string{{"table", "row 2"}, {"table"}, {"tablerow 1"}, {"table", "row", " 1"}, nil} {
		if _, _, err := box.Open(value, place...); !errors.Is(err, sealed.ErrSealed) {
			t.Errorf("opened for %q: %v", place, err)
		}
	}
}

func TestASealedValueShowsNothingAndNoChangeGoesUnseen(t *testing.T) {
	t.Parallel()
	box := newBox(t, sealed.NewKey(), "")
	value := seal(t, box, "pln_bot_1", "row")
	if bytes.Contains(value, []byte("pln")) || bytes.Equal(value, seal(t, box, "pln_bot_1", "row")) {
		t.Error("the value shows, or is sealed the same way twice")
	}
	for i := range value {
		changed := bytes.Clone(value)
		changed[i] ^= 1
		if _, _, err := box.Open(changed, "row"); !errors.Is(err, sealed.ErrSealed) {
			t.Fatalf("a change of byte %d went unseen: %v", i, err)
		}
	}
}

func TestAPreviousKeyOpensAndAForgottenOneDoesNot(t *testing.T) {
	t.Parallel()
	first, second, third := sealed.NewKey(), sealed.NewKey(), sealed.NewKey()
	value := seal(t, newBox(t, first, ""), "secret", "row")
	rotating := newBox(t, second, first)
	plain, stale, err := rotating.Open(value, "row")
	if err != nil || !stale || string(plain) != "secret" || !rotating.Known(value) || rotating.Current(value) {
		t.Errorf("Open = %q, stale %v, %v", plain, stale, err)
	}
	again := seal(t, rotating, "secret", "row")
	if _, stale, err := newBox(t, second, "").Open(again, "row"); err != nil || stale {
		t.Errorf("sealed anew: stale %v, %v", stale, err)
	}
	after := newBox(t, third, second)
	if _, _, err := after.Open(value, "row"); !errors.Is(err, sealed.ErrSealed) || after.Known(value) {
		t.Errorf("a key two rotations old still opens: %v", err)
	}
}

func TestOnlyRealKeysAreTaken(t *testing.T) {
	t.Parallel()
	good := sealed.NewKey()
	for _, key := range []string{good, good + "\n", strings.TrimRight(good, "=")} {
		if _, err := sealed.NewBox(key, good); err != nil {
			t.Errorf("a key as operators paste it is refused: %v", err)
		}
	}
	zeros := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, key := range map[string]string{"empty": "", "a password": "correct horse battery staple", "short": good[:20], "zeros": zeros} {
		for _, pair := range [][2]string{{key, ""}, {good, key}} {
			if pair[1] == "" && pair[0] == good {
				continue // no previous key is no fault
			}
			_, err := sealed.NewBox(pair[0], pair[1])
			if !errors.Is(err, sealed.ErrKey) {
				t.Errorf("%s: %v", name, err)
			}
			if key != "" && strings.Contains(err.Error(), key) {
				t.Errorf("%s: the error shows the key", name)
			}
		}
	}
}

func FuzzOpenNeverTakesForeignBytes(f *testing.F) {
	box, err := sealed.NewBox(sealed.NewKey(), sealed.NewKey())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, "row")
	f.Add([]byte{1, 2, 3, 4, 5, 6}, "")
	f.Fuzz(func(t *testing.T, value []byte, place string) {
		plain, _, err := box.Open(value, place)
		if diff := cmp.Diff([]byte(nil), plain); err == nil || diff != "" {
			t.Errorf("opened: %v %s", err, diff)
		}
	})
}

package app

import (
	"strings"
	"testing"
)

func TestAnOriginIsTheSameHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://Plane.example.com/": "https://plane.example.com", "https://plane.example.com:443/api/v1": "https://plane.example.com",
		"https://plane.example.com.": "https://plane.example.com", "http://plane.example.com:443": "http://plane.example.com:443",
		"https://plane.example.com:8443": "https://plane.example.com:8443", "http://[::1]:80/x": "http://[::1]",
		"https://plane.example.com.evil.example": "https://plane.example.com.evil.example",
	} {
		if got := Origin(address); got != want {
			t.Errorf("origin of %s = %s, want %s", address, got, want)
		}
	}
}

// The key moves from Odoo into the Vault while the program runs, as check advises. From
// then on it is a secret of a stronger source than the address.
func TestAKeyThatMovesToTheVaultIsGuardedFromThenOn(t *testing.T) {
	t.Parallel()
	s := keptInOdoo(t)
	s.settings["SECRETS_SOURCE"] = "vault"
	s.exec("CREATE SCHEMA vault; CREATE TABLE vault.decrypted_secrets (name text, decrypted_secret text)")
	loaded, live, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(loaded, live, Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	if _, err := a.Plane.Me(t.Context()); err != nil {
		t.Fatalf("with both in Odoo: %v", err)
	}
	before := s.plane.RequestTotal()
	s.exec("INSERT INTO vault.decrypted_secrets VALUES ('plane_api_key', $1)", s.plane.BotKey())
	live.Refresh(t.Context(), quiet)
	if _, err := a.Plane.Me(t.Context()); err == nil || s.plane.RequestTotal() != before || !strings.Contains(err.Error(), "--accept-plane-address") {
		t.Errorf("with the key in the Vault: %v, after %d requests more", err, s.plane.RequestTotal()-before)
	}
}

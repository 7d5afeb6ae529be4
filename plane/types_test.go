package plane

import (
	"encoding/json"
	"testing"
)

func TestOnlyAUserThatSaysSoIsADedicatedBot(t *testing.T) {
	t.Parallel()
	for user, bot := range map[User]bool{
		{DisplayName: "service-bot"}:                                      true,
		{DisplayName: "bridge", FirstName: "Bridge", LastName: "Bot"}:     true,
		{DisplayName: "odoo", IsBot: true}:                                true,
		{DisplayName: "maria", FirstName: "Maria", LastName: "Botero"}:    false,
		{DisplayName: "abbot", FirstName: "Robot", LastName: "Botticino"}: false,
		{DisplayName: "bridge"}:                                           false,
	} {
		if user.DedicatedBot() != bot {
			t.Errorf("%+v: want %t", user, bot)
		}
	}
}

// Whoever did it may be named by an id, shown as an object, or by neither.
func TestWhoIsInAHistoryIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"a","actor":"u","verb":"updated"}`:                           "u",
		`{"id":"a","actor":{"id":"u","display_name":"x"},"verb":"updated"}`: "u",
		`{"id":"a","actor":null,"verb":"updated"}`:                          "",
	} {
		var read Activity
		if err := json.Unmarshal([]byte(body), &read); err != nil || read.Actor != want || read.Verb != "updated" {
			t.Errorf("%s reads as %+v, %v; want %q", body, read, err, want)
		}
	}
}

func TestTheBotOfAnInstallationIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"a","app_bot":"u","status":"installed"}`:                           "u",
		`{"id":"a","app_bot":{"id":"u","display_name":"x"},"status":"installed"}`: "u",
		`{"id":"a","app_bot":null,"status":"installed"}`:                          "",
	} {
		var read AppInstallation
		if err := json.Unmarshal([]byte(body), &read); err != nil || read.AppBot != want || read.Status != "installed" {
			t.Errorf("%s reads as %+v, %v; want %q", body, read, err, want)
		}
	}
}

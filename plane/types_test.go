package plane

import "testing"

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

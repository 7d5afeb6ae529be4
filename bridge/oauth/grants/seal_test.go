package grants

import (
	"fmt"
	"strings"
	"testing"
)

func TestAGrantIsPrintedWithoutItsToken(t *testing.T) {
	t.Parallel()
	h := Held{Grant: Grant{Key: Key{Subject: "maria"}}, Token: Token{AccessToken: "access-4711", RefreshToken: "refresh-4711"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, h); strings.Contains(text, "4711") || strings.Contains(text, fmt.Sprintf("%x", "4711")) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

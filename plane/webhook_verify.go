package plane

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// The headers of a webhook delivery. HeaderDelivery changes with every attempt, so it does not recognise a retry
// of an event that was processed; EventKey does.
const (
	HeaderSignature = "X-Plane-Signature"
	HeaderDelivery  = "X-Plane-Delivery"
	HeaderEvent     = "X-Plane-Event"
)

// Sign returns the signature that Plane sends in HeaderSignature: lower-case hex HMAC-SHA256 over the exact bytes
// of the body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body) // a hash never returns an error
	return hex.EncodeToString(mac.Sum(nil))
}

// Verify reports whether signature is that of body under one of the secrets; a second secret serves a rotation.
// It compares in constant time and fails closed: an empty secret matches nothing, and neither does an empty list.
// The body must be the raw bytes: Plane signs Python's JSON, which no re-encoding reproduces.
func Verify(body []byte, signature string, secrets ...string) bool {
	matched := false
	for _, secret := range secrets {
		if secret != "" && hmac.Equal([]byte(Sign(secret, body)), []byte(signature)) {
			matched = true
		}
	}
	return matched
}

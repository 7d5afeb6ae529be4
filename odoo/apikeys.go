package odoo

import (
	"context"
	"strings"
	"time"
)

// APIKey is a key of the connected user. The key itself is not kept by Odoo, only a hash.
type APIKey struct {
	ID      int64    `odoo:"id"`
	Name    string   `odoo:"name"`
	Created DateTime `odoo:"create_date"`
	// Expires is empty for a key without end, which only users with Settings rights can have.
	Expires DateTime `odoo:"expiration_date"`
}

// APIKeys lists the connected user's keys, the one that ends first at the front and those without end last. Odoo lets
// every internal user read the list of his own. Before Odoo 18 keys have no end; the list is empty then.
func (c *Client) APIKeys(ctx context.Context) ([]APIKey, error) {
	session, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	var keys []APIKey
	err = c.SearchRead(ctx, "res.users.apikeys", Where("user_id", "=", session.UserID), ReadOptions{
		Fields: FieldsOf[APIKey](), Order: "expiration_date",
	}, &keys)
	if isKind(err, ErrValue) && strings.Contains(err.Error(), "expiration_date") {
		return nil, nil
	}
	return keys, err
}

// APIKeyExpiry tells when the first of the user's keys ends; limited is false when none does, or when the client uses a
// password. Odoo does not say which key a call was made with, so a key that was replaced counts until it is deleted:
// delete it after a rotation. Users without Settings rights get keys of at most 90 days.
func (c *Client) APIKeyExpiry(ctx context.Context) (ends time.Time, limited bool, err error) {
	if !apiKey.MatchString(c.config.Secret) {
		return time.Time{}, false, nil
	}
	keys, err := c.APIKeys(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, key := range keys {
		if !key.Expires.IsZero() && (!limited || key.Expires.Before(ends)) {
			ends, limited = key.Expires.Time, true
		}
	}
	return ends, limited, nil
}

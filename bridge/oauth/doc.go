// Package oauth keeps the tokens of a Plane app: it sends people to Plane for
// consent, stores what is granted encrypted, renews it before it ends in exactly
// one replica, and signs the bridge's requests with the bot's token.
//
// OAuth apps are a beta of Plane Cloud and the commercial edition. Community
// servers have none; Begin and RegisterBot say so.
package oauth

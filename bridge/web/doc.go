// Package web is everything HTTP: the receiver of webhooks in both shapes, hints from
// Odoo, the OAuth pages and the probes. Every answer is JSON. It is the only room that
// knows echo.
package web

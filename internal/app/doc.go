// Package app is the one place that builds everything: it reads the settings, those
// that stand in Odoo included, puts clients, flows, rooms and receiver together from
// them, serves, and begins anew when a setting changes that is built in. It prints
// nothing; commands do.
package app

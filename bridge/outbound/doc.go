// Package outbound does the jobs that go from Odoo to Plane: one record, one change, a
// whole sync, and showing in Odoo how the mirroring stands.
package outbound

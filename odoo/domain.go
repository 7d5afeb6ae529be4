package odoo

// Domain is a search filter in Odoo's prefix notation. The zero value finds every record. Domains are values: the
// functions below copy, so that a domain may be kept and combined.
type Domain []any

// Where is one condition. Operators are Odoo's: =, !=, <, <=, >, >=, in, not in, like, ilike, =like, =ilike, child_of,
// parent_of. A value false finds records in which the field is not set. Datetimes are compared by whole seconds:
// a value with fractions is not refused but ignored in part, so pass DateTime, which has none.
func Where(field, operator string, value any) Domain {
	return Domain{[]any{field, operator, value}}
}

// And finds what all the domains find. Domains without a condition are left out.
func And(domains ...Domain) Domain { return join("&", domains) }

// Or finds what any of the domains finds. A domain without a condition finds everything, so the whole does then.
func Or(domains ...Domain) Domain {
	for _, d := range domains {
		if len(d) == 0 {
			return nil
		}
	}
	return join("|", domains)
}

// join puts one operator fewer than there are domains in front, as prefix notation asks.
func join(operator string, domains []Domain) Domain {
	var joined Domain
	terms := 0
	for _, d := range domains {
		if len(d) == 0 {
			continue
		}
		if terms > 0 {
			joined = append(Domain{operator}, joined...)
		}
		joined = append(joined, d.closed()...)
		terms++
	}
	return joined
}

// closed returns the domain as one term. Odoo reads two conditions side by side as "and"; inside an "or" or a "not" that
// would bind only the first, so the missing operators are written out.
func (d Domain) closed() Domain {
	open := 0
	for _, item := range d {
		switch item {
		case "&", "|":
			open--
		case "!":
		default:
			open++
		}
	}
	closed := make(Domain, 0, len(d)+open)
	for range open - 1 {
		closed = append(closed, "&")
	}
	return append(closed, d...)
}

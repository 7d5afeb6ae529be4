package odoo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// FieldSpec is a field to add to a model without a module.
type FieldSpec struct {
	// Name must begin with "x_": Odoo refuses any other name for a manual field.
	Name string
	// Label is shown to users.
	Label string
	// Type is Odoo's: char, text, datetime, selection, integer, boolean …
	Type string
	// Selection is the list of value and label, for type selection.
	Selection [][2]string
	// Help is the field's tooltip.
	Help string
}

// SetupFields adds those of the fields that the model does not have yet, and returns the names of the ones it added.
// It needs Settings rights, once; the fields survive restarts and upgrades. External ids make it idempotent also when
// two callers do it at once. A field that is there already is left as it is, whatever its type.
func (c *Client) SetupFields(ctx context.Context, model string, specs []FieldSpec) (added []string, err error) {
	present, err := c.FieldsGet(ctx, model, "type")
	if err != nil {
		return nil, fmt.Errorf("setting up fields: %w", err)
	}
	modelID, err := c.modelID(ctx, model)
	if err != nil {
		return nil, fmt.Errorf("setting up fields: %w", err)
	}
	for _, spec := range specs {
		if _, ok := present[spec.Name]; ok {
			continue
		}
		_, err := c.Upsert(ctx, "ir.model.fields", Upsertion{
			ExternalID: fieldExternalID(model, spec.Name), Values: spec.values(modelID),
		})
		if err != nil {
			return added, fmt.Errorf("setting up field %s: %w", spec.Name, err)
		}
		added = append(added, spec.Name)
	}
	return added, nil
}

// values leaves `copied` false: a copy of a record is another record and must not carry the link of the first.
func (spec FieldSpec) values(modelID int64) Values {
	values := Values{
		"name": spec.Name, "field_description": spec.Label, "model_id": Many2One{ID: modelID},
		"ttype": spec.Type, "copied": false,
	}
	if spec.Help != "" {
		values["help"] = spec.Help
	}
	if len(spec.Selection) > 0 {
		values["selection"] = pythonPairs(spec.Selection)
	}
	return values
}

// pythonPairs writes a selection as ir.model.fields takes it: the text of a Python list of pairs. A Go string quoted to
// ASCII reads the same in Python.
func pythonPairs(pairs [][2]string) string {
	texts := make([]string, len(pairs))
	for i, pair := range pairs {
		texts[i] = "(" + strconv.QuoteToASCII(pair[0]) + ", " + strconv.QuoteToASCII(pair[1]) + ")"
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func fieldExternalID(model, field string) ExternalID {
	return ExternalID(externalPrefix + "field_" + strings.ReplaceAll(model, ".", "_") + "_" + field)
}

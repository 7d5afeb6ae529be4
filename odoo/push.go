package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PushConfig describes the automation rules that make Odoo report changes of a model.
type PushConfig struct {
	// Name is shown to administrators as the rules' name.
	Name string
	// Model is the model whose changes are reported.
	Model string
	// TriggerFields are the fields whose change is reported. They are needed: without them a rule also fires on writes
	// that change nothing, and twice when a record is created (measured on Odoo 19).
	TriggerFields []string
	// URL is called with POST for each record. Odoo sends no signature, so a secret can only be in the URL, where
	// administrators and the logs of proxies see it. It must answer at once: the user who saves in Odoo waits up to a
	// second per record.
	URL string
}

// PushRules are the ids of the rules in base.automation.
type PushRules struct {
	Changed, Deleted int64
}

// SetupPush creates or updates two automation rules, one for records created or changed and one for records deleted,
// each with an action that posts to the URL. External ids make it idempotent. It needs Settings rights and the module
// base_automation; without the module the error is ErrUnknownModel. The webhook sends nothing but model, id and the
// action's name.
func (c *Client) SetupPush(ctx context.Context, config PushConfig) (PushRules, error) {
	if config.Model == "" || config.URL == "" || len(config.TriggerFields) == 0 {
		return PushRules{}, fmt.Errorf("odoo: setting up push: model, URL and trigger fields are needed")
	}
	modelID, err := c.modelID(ctx, config.Model)
	if err != nil {
		return PushRules{}, fmt.Errorf("setting up push: %w", err)
	}
	fieldIDs, err := c.fieldIDs(ctx, config.Model, config.TriggerFields)
	if err != nil {
		return PushRules{}, fmt.Errorf("setting up push: %w", err)
	}
	ids := pushIDs(config.Model)
	rules, err := c.loadRules(ctx, config, ids, modelID, fieldIDs)
	if err != nil {
		return rules, fmt.Errorf("setting up the rules of the push: %w", err)
	}
	if err := c.loadActions(ctx, config, ids, modelID, rules); err != nil {
		return rules, fmt.Errorf("setting up the actions of the push: %w", err)
	}
	return rules, nil
}

// RemovePush deletes what SetupPush made for the model and reports how many records that were; 0 when there was
// nothing. The actions go first: deleting a rule would take its action along in the database alone, and leave the
// action's external id behind.
func (c *Client) RemovePush(ctx context.Context, model string) (removed int, err error) {
	ids := pushIDs(model)
	for _, id := range []ExternalID{ids.changedAction, ids.deletedAction, ids.changed, ids.deleted} {
		owner, recordID, err := c.Resolve(ctx, id)
		if isKind(err, ErrMissing) {
			continue
		}
		if err != nil {
			return removed, fmt.Errorf("removing push: %w", err)
		}
		if err := c.Unlink(ctx, owner, recordID); err != nil {
			return removed, fmt.Errorf("removing push: %w", err)
		}
		removed++
	}
	return removed, nil
}

type pushExternalIDs struct{ changed, deleted, changedAction, deletedAction ExternalID }

func pushIDs(model string) pushExternalIDs {
	base := externalPrefix + "push_" + strings.ReplaceAll(model, ".", "_")
	return pushExternalIDs{
		changed: ExternalID(base + "_changed"), changedAction: ExternalID(base + "_changed_action"),
		deleted: ExternalID(base + "_deleted"), deletedAction: ExternalID(base + "_deleted_action"),
	}
}

// loadRules makes the two rules. They are two calls because a rule on deletion has no trigger fields, and load() cannot
// leave a cell out.
func (c *Client) loadRules(ctx context.Context, config PushConfig, ids pushExternalIDs, modelID int64, fieldIDs []int64) (PushRules, error) {
	model := Many2One{ID: modelID}
	changed, err := c.Upsert(ctx, "base.automation", Upsertion{ExternalID: ids.changed, Values: Values{
		"name": config.Name + ": changed", "model_id": model, "trigger": "on_create_or_write", "trigger_field_ids": fieldIDs,
	}})
	if err != nil {
		return PushRules{}, err
	}
	deleted, err := c.Upsert(ctx, "base.automation", Upsertion{ExternalID: ids.deleted, Values: Values{
		"name": config.Name + ": deleted", "model_id": model, "trigger": "on_unlink",
	}})
	return PushRules{Changed: changed, Deleted: deleted}, err
}

func (c *Client) loadActions(ctx context.Context, config PushConfig, ids pushExternalIDs, modelID int64, rules PushRules) error {
	fields := []string{"id", "name", "model_id/.id", "state", "usage", "webhook_url", "base_automation_id/.id"}
	row := func(id ExternalID, rule int64) []string {
		return []string{
			string(id), config.Name, strconv.FormatInt(modelID, 10), "webhook", "base_automation", config.URL,
			strconv.FormatInt(rule, 10),
		}
	}
	_, err := c.Load(ctx, "ir.actions.server", fields, [][]string{
		row(ids.changedAction, rules.Changed), row(ids.deletedAction, rules.Deleted),
	})
	return err
}

// modelID finds a model's record in ir.model, which only administrators may read.
func (c *Client) modelID(ctx context.Context, model string) (int64, error) {
	ids, err := c.Search(ctx, "ir.model", Where("model", "=", model), ReadOptions{Limit: 1})
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, invocation{model: "ir.model", method: "search"}.fault(Permanent, ErrUnknownModel, "no model "+model)
	}
	return ids[0], nil
}

func (c *Client) fieldIDs(ctx context.Context, model string, names []string) ([]int64, error) {
	var found []struct {
		ID   int64  `odoo:"id"`
		Name string `odoo:"name"`
	}
	domain := And(Where("model", "=", model), Where("name", "in", names))
	if err := c.SearchRead(ctx, "ir.model.fields", domain, ReadOptions{Fields: []string{"name"}, Order: "id"}, &found); err != nil {
		return nil, err
	}
	var ids []int64
	missing := slices.Clone(names)
	for _, field := range found {
		ids = append(ids, field.ID)
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == field.Name })
	}
	if len(missing) > 0 {
		call := invocation{model: "ir.model.fields", method: "search_read"}
		return nil, call.fault(Permanent, ErrValue, model+" has no field "+strings.Join(missing, ", "))
	}
	return ids, nil
}

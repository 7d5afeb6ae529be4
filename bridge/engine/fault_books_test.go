package engine_test

import (
	"context"
	"slices"
)

// unsettled says what of the bridge's own books is not as after a run without
// faults.
func (w *world) unsettled() []string {
	w.t.Helper()
	rows, err := w.queue.Query(context.Background(), `
		SELECT 'delivery ' || status || ': ' || coalesce(last_error, '') FROM ops.plane_webhook_deliveries WHERE status NOT IN ('processed', 'ignored')
		UNION ALL SELECT 'link ' || entity_key || ' ' || state || ': ' || coalesce(last_error, '') FROM ops.plane_sync_mappings WHERE last_error IS NOT NULL`)
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			w.t.Fatal(err)
		}
		found = append(found, line)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// count runs a query that gives one number.
func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.queue.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// hold takes the lock of an entity as another replica would, until released.
func (w *world) hold(entity string) (release func()) {
	w.t.Helper()
	tx, err := w.queue.Begin(context.Background())
	w.must(err)
	_, err = tx.Exec(context.Background(), "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", entity)
	w.must(err)
	return func() { w.must(tx.Rollback(context.Background())) }
}

package odoo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestAThousandWritesOfFewValuesAreFewCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version string
		values  int
		want    []string
	}{
		{"19.0", 1, []string{"write"}},
		{"19.0", 4, []string{"web_save_multi"}},
		{"19.0", 1000, []string{"web_save_multi"}},
		{"18.0", 4, []string{"write", "write", "write", "write"}},
	} {
		t.Run(fmt.Sprint(tt.version, " ", tt.values), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &answering{version: tt.version, call: func(_ int, call sentCall) (int, string, error) { return 200, answerOfWrite(call), nil }}
				var records []RecordValues
				for id := range int64(1000) {
					records = append(records, RecordValues{ID: id + 1, Values: Values{"name": fmt.Sprint(id % int64(tt.values))}})
				}
				if failed := server.client(t).WriteEach(t.Context(), "x", records); len(failed) != 0 {
					t.Errorf("failed: %v", failed)
				}
				if diff := cmp.Diff(tt.want, server.methods()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// answerOfWrite is what a real server answers a write with: true, or from web_save_multi the records' ids.
func answerOfWrite(call sentCall) string {
	if call.method != "web_save_multi" {
		return result(true)
	}
	var records []map[string]any
	for _, id := range ids(call.positional[0]) {
		records = append(records, map[string]any{"id": id})
	}
	return result(records)
}

// refusing refuses every batch that holds one of the ids, and notes which records were written.
func refusing(written map[int64]bool, refused ...int64) func(int, sentCall) (int, string, error) {
	return func(_ int, call sentCall) (int, string, error) {
		batch := ids(call.positional[0])
		for _, id := range batch {
			if slices.Contains(refused, id) {
				return 200, exception("odoo.exceptions.ValidationError", fmt.Sprintf("record %d", id)), nil
			}
		}
		for _, id := range batch {
			written[id] = true
		}
		return 200, answerOfWrite(call), nil
	}
}

func TestOneFailingRecordHoldsBackNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := map[int64]bool{}
		server := &answering{call: refusing(written, 17, 400)}
		var records []RecordValues
		for id := range int64(500) {
			records = append(records, RecordValues{ID: id + 1, Values: Values{"name": fmt.Sprint(id)}})
		}
		failed := server.client(t).WriteEach(t.Context(), "x", records)
		if got := slices.Sorted(maps.Keys(failed)); !slices.Equal(got, []int64{17, 400}) {
			t.Errorf("failed: %v", got)
		}
		if len(written) != 498 {
			t.Errorf("%d records written", len(written))
		}
		if n := len(server.calls); n > 40 {
			t.Errorf("%d calls to find two records among 500", n)
		}
		if !errors.Is(failed[17], ErrValidation) {
			t.Errorf("got %v", failed[17])
		}
	})
}

func TestAnUnknownFieldIsNotSearchedForInHalves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, exception("builtins.ValueError", "Invalid field 'nope' in 'x'"), nil
		}}
		records := []RecordValues{{1, Values{"nope": 1}}, {2, Values{"nope": 2}}, {3, Values{"nope": 3}}}
		failed := server.client(t).WriteEach(t.Context(), "x", records)
		if len(failed) != 3 || len(server.calls) != 1 {
			t.Errorf("%d failed in %d calls", len(failed), len(server.calls))
		}
	})
}

func TestAMissingRightIsNotTriedForEachRecord(t *testing.T) {
	t.Parallel()
	for _, may := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			server := &answering{call: func(_ int, call sentCall) (int, string, error) {
				if call.method == "has_access" {
					return 200, result(may), nil
				}
				return 200, exception("odoo.exceptions.AccessError", "You are not allowed to modify"), nil
			}}
			var records []RecordValues
			for id := range int64(64) {
				records = append(records, RecordValues{ID: id + 1, Values: Values{"name": fmt.Sprint(id)}})
			}
			failed := server.client(t).WriteEach(t.Context(), "x", records)
			if len(failed) != 64 || !errors.Is(failed[64], ErrAccess) {
				t.Errorf("%d failed, %v", len(failed), failed[64])
			}
			if n := len(server.calls); (n == 2) == may {
				t.Errorf("with the right to the model %v: %d calls", may, n)
			}
		})
	}
}

func TestAConflictFailsItsBatchAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, exception("psycopg2.errors.SerializationFailure", "could not serialize access"), nil
		}}
		failed := server.client(t).WriteEach(t.Context(), "x", []RecordValues{{1, Values{"a": 1}}, {2, Values{"a": 2}}})
		if len(failed) != 2 || ClassOf(failed[1]) != Retryable || len(server.calls) != 1 {
			t.Errorf("%v in %d calls", failed, len(server.calls))
		}
	})
}

func TestARecordNamedTwiceIsNotWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := map[int64]bool{}
		server := &answering{call: refusing(written)}
		failed := server.client(t).WriteEach(t.Context(), "x", []RecordValues{{1, Values{"a": 1}}, {2, Values{"a": 1}}, {1, Values{"a": 2}}})
		if !errors.Is(failed[1], ErrValue) || len(failed) != 1 || !written[2] || written[1] {
			t.Errorf("failed %v, written %v", failed, written)
		}
	})
}

func TestWriteExistingTellsWhatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(_ int, call sentCall) (int, string, error) {
			if call.method == "search" {
				return 200, result([]int64{2}), nil
			}
			return 200, answerOfWrite(call), nil
		}}
		missing, err := server.client(t).WriteExisting(t.Context(), "x", []int64{1, 2}, Values{"a": 1})
		if err != nil || !slices.Equal(missing, []int64{1}) {
			t.Errorf("got %v, %v", missing, err)
		}
		if got := ids(server.calls[1].positional[0]); !slices.Equal(got, []int64{2}) {
			t.Errorf("wrote %v", got)
		}
	})
}

func TestLoadTriesAgainAfterLosingARace(t *testing.T) {
	t.Parallel()
	lost := map[string]any{"ids": false, "messages": []any{map[string]any{
		"type": "error", "record": 0, "message": "could not serialize access due to concurrent update\n",
	}}}
	for _, tt := range []struct {
		name  string
		loses int
		calls int
		class Class
	}{{"once", 1, 2, -1}, {"always", 100, loadTries, Retryable}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &answering{call: func(n int, _ sentCall) (int, string, error) {
					if n <= tt.loses {
						return 200, result(lost), nil
					}
					return 200, result(map[string]any{"ids": []int64{9}, "messages": []any{}}), nil
				}}
				loaded, err := server.client(t).Load(t.Context(), "x", []string{"id"}, [][]string{{"planebridge.a"}})
				if tt.class < 0 && (err != nil || !slices.Equal(loaded, []int64{9})) {
					t.Errorf("got %v, %v", loaded, err)
				}
				if tt.class >= 0 && (ClassOf(err) != tt.class || !errors.Is(err, ErrConflict)) {
					t.Errorf("got %v", err)
				}
				if len(server.calls) != tt.calls {
					t.Errorf("%d calls", len(server.calls))
				}
			})
		})
	}
}

func TestLoadNamesTheRowsAtFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, result(map[string]any{"ids": false, "messages": []any{
				map[string]any{"type": "error", "record": 1, "field": "deadline_date", "message": "not a date"},
				map[string]any{"type": "warning", "message": "interrupted"},
			}}), nil
		}}
		_, err := server.client(t).Load(t.Context(), "x", []string{"id"}, [][]string{{"planebridge.a"}, {"planebridge.b"}})
		var refused *Error
		if !errors.As(err, &refused) || !errors.Is(err, ErrValidation) || refused.Class != Permanent {
			t.Fatalf("got %v", err)
		}
		want := []LoadMessage{{Row: 1, Field: "deadline_date", Type: "error", Text: "not a date"}, {Row: -1, Type: "warning", Text: "interrupted"}}
		if diff := cmp.Diff(want, refused.Messages); diff != "" {
			t.Error(diff)
		}
	})
}

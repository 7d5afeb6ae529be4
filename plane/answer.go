package plane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// readAnswer reads the body of a success as what the call asked for. What is something else (a page for people, {},
// null, an error object, another record) is refused, and so is never taken for knowledge about a record.
func readAnswer[T any](cl call, body []byte) (T, error) {
	var out T
	if special, ok := any(&out).(interface {
		readBody(cl call, body []byte) error
	}); ok {
		err := special.readBody(cl, body)
		return out, err
	}
	if err := checkPair(cl, body); err != nil {
		return out, err
	}
	_, err := readRecord(cl.id, body, &out)
	return out, err
}

// checkPair refuses the record of somebody else in answer to a create. A server that shows no pair is believed.
func checkPair(cl call, body []byte) error {
	var shown struct {
		Source     any `json:"external_source"`
		ExternalID any `json:"external_id"`
	}
	if cl.externalID == "" || readObject(body, &shown) != nil || shown.ExternalID == nil {
		return nil
	}
	if shown.Source != cl.source || shown.ExternalID != cl.externalID {
		return errors.New("a record with another external pair than the one that was sent")
	}
	return nil
}

// unreadableField is a record in Plane's shape, and about the right thing, of which one field cannot be read.
type unreadableField struct{ cause error }

func (e *unreadableField) Error() string { return e.cause.Error() }

// readRecord reads one record into out and returns its id. An object without an id, one that says `error` or `detail`,
// and, when wanted is set, one with another id is not Plane's answer.
func readRecord(wanted string, body []byte, out any) (id string, err error) {
	var head struct {
		ID     any             `json:"id"`
		Error  json.RawMessage `json:"error"`
		Detail json.RawMessage `json:"detail"`
	}
	if err := readObject(body, &head); err != nil {
		return "", err
	}
	id, _ = head.ID.(string)
	switch {
	case id == "":
		return "", errors.New("a record without an id")
	case head.Error != nil || head.Detail != nil:
		return id, errors.New("an error in place of a record")
	case wanted != "" && !strings.EqualFold(wanted, id):
		return id, errors.New("another record than the one that was asked for")
	}
	if err := json.Unmarshal(body, out); err != nil {
		return id, &unreadableField{decodeError(err)}
	}
	return id, nil
}

// readObject reads a JSON object. Anything else that is JSON would pass for an object without members.
func readObject(body []byte, out any) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("no JSON object")
	}
	if err := json.Unmarshal(body, out); err != nil {
		return decodeError(err)
	}
	return nil
}

// page is one page of a list. Some lists (call.array) come as a bare array, which is read as the only page.
type page[T any] struct {
	Results []T
	// NextCursor is present on the last page too, so only HasNext says whether to go on. It is opaque.
	NextCursor string
	HasNext    bool

	ids   []string     // of Results
	odd   []*ItemError // records of this page that cannot be read
	light bool         // the long fields were left out
}

// readBody reads a page in Plane's own shape. Absence needs proof: a list whose results are missing or null, or that
// does not say whether more follows, is not an empty list.
func (p *page[T]) readBody(cl call, body []byte) error {
	var records []json.RawMessage
	if trimmed := bytes.TrimSpace(body); cl.array && bytes.HasPrefix(trimmed, []byte("[")) {
		if err := json.Unmarshal(body, &records); err != nil {
			return decodeError(err)
		}
		p.readRecords(cl, records)
		for _, odd := range p.odd {
			if odd.ID == "" {
				return odd.cause // Around a bare array there is nothing else that shows whose it is.
			}
		}
		return nil
	}
	var raw struct {
		Results    *[]json.RawMessage `json:"results"`
		NextCursor *string            `json:"next_cursor"`
		HasNext    *bool              `json:"next_page_results"`
		Count      *int               `json:"count"`
	}
	if err := readObject(body, &raw); err != nil {
		return err
	}
	switch {
	case raw.Results == nil:
		return errors.New("a list without results")
	case raw.HasNext == nil:
		return errors.New("a list that does not say whether a page follows")
	case *raw.HasNext && raw.NextCursor == nil:
		return errors.New("a list that says that a page follows and not where")
	case raw.Count != nil && *raw.Count != len(*raw.Results):
		return fmt.Errorf("a list that counts %d records and shows %d", *raw.Count, len(*raw.Results))
	}
	p.HasNext = *raw.HasNext
	if raw.NextCursor != nil {
		p.NextCursor = *raw.NextCursor
	}
	p.readRecords(cl, *raw.Results)
	return nil
}

// readRecords reads each record by itself, so that one that is odd takes none of the others with it.
func (p *page[T]) readRecords(cl call, records []json.RawMessage) {
	p.Results = make([]T, 0, len(records))
	for i, raw := range records {
		var record T
		id, err := readRecord("", raw, &record)
		records[i] = nil // What is read need not be kept twice; a page may be large.
		if err != nil {
			p.odd = append(p.odd, &ItemError{ID: id, Path: shownPath(cl.path), cause: err})
			continue
		}
		p.Results, p.ids = append(p.Results, record), append(p.ids, id)
	}
}

// searchResult is the answer of the search, which is no page.
type searchResult struct{ issues []SearchHit }

func (s *searchResult) readBody(_ call, body []byte) error {
	var raw struct {
		Issues *[]json.RawMessage `json:"issues"`
	}
	if err := readObject(body, &raw); err != nil {
		return err
	}
	if raw.Issues == nil {
		return errors.New("a search without its hits")
	}
	s.issues = make([]SearchHit, len(*raw.Issues))
	for i, hit := range *raw.Issues {
		if _, err := readRecord("", hit, &s.issues[i]); err != nil {
			return err
		}
	}
	return nil
}

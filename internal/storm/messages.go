package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
)

// messages notes what stands in the chatters. What depends on which moment the bridge
// happened to see may be missing, and yet nothing may be there twice.
func (f facts) messages(v view) {
	notes := map[string][]string{}
	seen := map[string]int{}
	for _, message := range v.state.Messages {
		handle, text := v.on(message, "model"), plain(fmt.Sprint(message["body"]))
		switch {
		case strings.Contains(text, "Somebody has begun to work"):
			text = "begun"
		case message["subject"] != nil && message["subject"] != false && message["subject"] != "":
			text = "subject: " + fmt.Sprint(message["subject"])
		}
		seen[handle+" "+text]++
		if seen[handle+" "+text] > 1 {
			f.add("notes that are there twice on "+handle, text)
			continue
		}
		if !v.byChance(handle, text) {
			notes[handle] = append(notes[handle], text)
		}
	}
	for handle, texts := range notes {
		slices.Sort(texts)
		f["notes on "+handle] = strings.Join(texts, " | ")
	}
}

// byChance reports whether a note may be there or not: it tells of a moment that the
// bridge need not have seen.
func (v view) byChance(handle, text string) bool {
	record, known := v.story.Record(handle)
	if !known {
		return false
	}
	if text == "begun" {
		return record.Completes || record.Nature != story.Worked || v.lastMove(handle) != "started"
	}
	return record.Edits && v.isEdited(handle, text)
}

func (v view) lastMove(handle string) string {
	last := ""
	for _, act := range v.story.Acts {
		if act.Record == handle && act.Kind == story.Move {
			last = act.Value
		}
	}
	return last
}

// isEdited reports whether a note has a text that people replaced later.
func (v view) isEdited(handle, text string) bool {
	return slices.ContainsFunc(v.story.Acts, func(act story.Act) bool {
		return act.Record == handle && act.Kind == story.EditComment && strings.HasSuffix(text, plain(act.Second))
	})
}

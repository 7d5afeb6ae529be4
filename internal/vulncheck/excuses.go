package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/goccy/go-yaml"
)

// excuse says why a vulnerability that is reached is none here.
type excuse struct {
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
	// Until is the last day of the excuse, such as 2027-05-31.
	Until string `yaml:"until"`
}

func (e excuse) covers(now time.Time) bool {
	last, err := time.Parse(time.DateOnly, e.Until)
	return err == nil && now.Before(last.AddDate(0, 0, 1))
}

// readExcuses reads the file of excuses, by id. Every one is complete.
func readExcuses(path string) (map[string]excuse, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the file is the caller's to name
	if err != nil {
		return nil, fmt.Errorf("reading the excuses: %w", err)
	}
	var list []excuse
	if err := yaml.UnmarshalWithOptions(content, &list, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading the excuses in %s: %w", path, err)
	}
	excuses := make(map[string]excuse, len(list))
	var faults []error
	for _, one := range list {
		_, dated := time.Parse(time.DateOnly, one.Until)
		if one.ID == "" || one.Reason == "" || dated != nil {
			faults = append(faults, fmt.Errorf("%s: the excuse %q needs an id, a reason and a last day, such as 2027-05-31", path, one.ID))
		}
		excuses[one.ID] = one
	}
	return excuses, errors.Join(faults...)
}

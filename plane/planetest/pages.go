package planetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxPerPage is the page size that a server accepts, and takes when none is
// given. (Plane's documentation says 100 for both.)
const maxPerPage = 1000

// A row is one record of a list, written only when its page is asked for.
type row func() object

// page answers the part of rows that per_page and cursor choose. "page=" means
// nothing to Plane.
func (c *call) page(rows []row) answer {
	query := c.URL.Query()
	size, problem := pageSize(query.Get("per_page"))
	if size == 0 && problem == "" {
		return broken() // Plane divides by it.
	}
	if problem != "" {
		return *refuse(400, problem)
	}
	number, problem := pageNumber(query.Get("cursor"))
	if problem != "" {
		return *refuse(400, problem)
	}
	total := len(rows)
	start := min(number*size, total)
	end := min(start+size, total)
	results := []object{}
	for _, r := range rows[start:end] {
		results = append(results, r())
	}
	return ok(object{
		{"grouped_by", nil},
		{"sub_grouped_by", nil},
		{"total_count", total},
		{"next_cursor", fmt.Sprintf("%d:%d:0", size, number+1)},
		{"prev_cursor", fmt.Sprintf("%d:%d:1", size, number-1)},
		{"next_page_results", end < total},
		{"prev_page_results", number > 0},
		{"count", len(results)},
		{"total_pages", (total + size - 1) / size},
		{"total_results", total},
		{"extra_stats", nil},
		{"results", results},
	})
}

func pageSize(text string) (int, string) {
	if text == "" {
		return maxPerPage, ""
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0:
		return 0, "Invalid per_page parameter."
	case n > maxPerPage:
		return 0, fmt.Sprintf("Invalid per_page value. Cannot exceed %d.", maxPerPage)
	}
	return n, ""
}

// pageNumber reads a cursor: page size, page, and whether it leads backwards.
func pageNumber(cursor string) (int, string) {
	if cursor == "" {
		return 0, ""
	}
	parts := strings.Split(cursor, ":")
	if len(parts) != 3 {
		return 0, "Invalid cursor parameter."
	}
	numbers := make([]int, 3)
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return 0, "Invalid cursor parameter."
		}
		numbers[i] = n
	}
	if numbers[1] < 0 {
		return 0, "Error in parsing"
	}
	return min(numbers[1], 1<<20), ""
}

func (c *call) emptyPage() answer { return c.page(nil) }

func (s *Server) emptyList(c *call) answer { return c.emptyPage() }

// commaList is a query parameter such as fields= or expand=.
func (c *call) commaList(name string) []string {
	return slices.DeleteFunc(strings.Split(c.URL.Query().Get(name), ","), func(s string) bool { return s == "" })
}

// pick leaves only what fields= names, in the record's own order.
func (c *call) pick(o object) object {
	fields := c.commaList("fields")
	if len(fields) == 0 {
		return o
	}
	picked := object{}
	for _, m := range o {
		if slices.Contains(fields, m.key) {
			picked = append(picked, m)
		}
	}
	return picked
}

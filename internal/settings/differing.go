package settings

import "reflect"

// Differing names the settings in which two readings differ, in the order of
// Settings. It never tells values.
func (s Settings) Differing(other Settings) []string {
	var names []string
	for _, spec := range Specs() {
		if spec.field == "" {
			if s.Flow(spec.Name) != other.Flow(spec.Name) {
				names = append(names, spec.Name)
			}
			continue
		}
		one := reflect.ValueOf(s).FieldByName(spec.field).Interface()
		if !reflect.DeepEqual(one, reflect.ValueOf(other).FieldByName(spec.field).Interface()) {
			names = append(names, spec.Name)
		}
	}
	return names
}

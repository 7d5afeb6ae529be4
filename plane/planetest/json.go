package planetest

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// An object is a JSON object that keeps the order of its keys. Plane's
// signatures cover the bytes of a body, so order is part of the copy.
type object []member

type member struct {
	key   string
	value any
}

// A number is a JSON number as it was written.
type number string

func (o object) lookup(key string) (any, bool) {
	for _, m := range o {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

func (o object) get(key string) any {
	value, _ := o.lookup(key)
	return value
}

func (o object) text(key string) string {
	s, _ := o.get(key).(string)
	return s
}

// set replaces the value of key, or appends it.
func (o object) set(key string, value any) object {
	for i := range o {
		if o[i].key == key {
			o[i].value = value
			return o
		}
	}
	return append(o, member{key, value})
}

// A jsonStyle is one of the two ways in which Plane writes JSON.
type jsonStyle struct {
	item, key string
	ascii     bool
}

var (
	// restStyle is Django REST framework's: compact, UTF-8.
	restStyle = jsonStyle{item: ",", key: ":"}
	// webhookStyle is Python's json.dumps: spaces, and \uXXXX for all that is not ASCII.
	webhookStyle = jsonStyle{item: ", ", key: ": ", ascii: true}
)

func (style jsonStyle) encode(value any) []byte {
	var b bytes.Buffer
	style.write(&b, value)
	return b.Bytes()
}

func (style jsonStyle) write(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		style.writeString(b, v)
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		b.WriteString(pythonFloat(v))
	case number:
		b.WriteString(string(v))
	case time.Time:
		style.writeTime(b, v)
	case []string:
		writeList(b, style, v)
	case []any:
		writeList(b, style, v)
	case []object:
		writeList(b, style, v)
	case object:
		style.writeObject(b, v)
	default:
		panic(fmt.Sprintf("planetest: no JSON for %T", value))
	}
}

func writeList[T any](b *bytes.Buffer, style jsonStyle, list []T) {
	b.WriteByte('[')
	for i, value := range list {
		if i > 0 {
			b.WriteString(style.item)
		}
		style.write(b, value)
	}
	b.WriteByte(']')
}

func (style jsonStyle) writeObject(b *bytes.Buffer, o object) {
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteString(style.item)
		}
		style.writeString(b, m.key)
		b.WriteString(style.key)
		style.write(b, m.value)
	}
	b.WriteByte('}')
}

func (style jsonStyle) writeTime(b *bytes.Buffer, t time.Time) {
	if t.IsZero() {
		b.WriteString("null")
		return
	}
	style.writeString(b, pythonTime(t))
}

var shortEscapes = map[rune]string{
	'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`,
}

func (style jsonStyle) writeString(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, r := range s {
		escape, short := shortEscapes[r]
		switch {
		case short:
			b.WriteString(escape)
		case r < 0x20, style.ascii && r > 0x7e && r <= 0xffff, r == 0x2028, r == 0x2029:
			fmt.Fprintf(b, `\u%04x`, r)
		case style.ascii && r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// pythonFloat writes a float as Python does: a whole number keeps its ".0".
func pythonFloat(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// pythonTime writes a time as Django REST framework does: microseconds, which
// are left out altogether when they are zero.
func pythonTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}

// orNull is the value, or null when the text is empty.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// sameJSON tells whether two values are written the same.
func sameJSON(a, b any) bool {
	return bytes.Equal(restStyle.encode(a), restStyle.encode(b))
}

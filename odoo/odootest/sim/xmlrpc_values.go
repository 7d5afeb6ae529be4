package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// xmlValue mirrors <value>: exactly one of its members is set, or bare text.
type xmlValue struct {
	Text     string     `xml:",chardata"`
	String   *string    `xml:"string"`
	Int      *int64     `xml:"int"`
	I4       *int64     `xml:"i4"`
	I8       *int64     `xml:"i8"`
	Boolean  *string    `xml:"boolean"`
	Double   *float64   `xml:"double"`
	DateTime *string    `xml:"dateTime.iso8601"`
	Base64   *string    `xml:"base64"`
	Nil      *struct{}  `xml:"nil"`
	Array    *xmlArray  `xml:"array"`
	Struct   *xmlStruct `xml:"struct"`
}

type xmlArray struct {
	Values []xmlValue `xml:"data>value"`
}

type xmlStruct struct {
	Members []struct {
		Name  string   `xml:"name"`
		Value xmlValue `xml:"value"`
	} `xml:"member"`
}

type xmlMethodCall struct {
	XMLName xml.Name   `xml:"methodCall"`
	Name    string     `xml:"methodName"`
	Params  []xmlValue `xml:"params>param>value"`
}

// DecodeMethodCall reads the name and the arguments of an XML-RPC call.
func DecodeMethodCall(body []byte) (string, []any, error) {
	var call xmlMethodCall
	if err := xml.NewDecoder(bytes.NewReader(body)).Decode(&call); err != nil {
		return "", nil, fmt.Errorf("decoding method call: %w", err)
	}
	args := make([]any, len(call.Params))
	for i, param := range call.Params {
		value, err := param.decode()
		if err != nil {
			return "", nil, err
		}
		args[i] = value
	}
	return call.Name, args, nil
}

func (v xmlValue) decode() (any, error) {
	switch {
	case v.String != nil:
		return *v.String, nil
	case v.Int != nil:
		return *v.Int, nil
	case v.I4 != nil:
		return *v.I4, nil
	case v.I8 != nil:
		return *v.I8, nil
	case v.Boolean != nil:
		return strings.TrimSpace(*v.Boolean) == "1", nil
	case v.Double != nil:
		return *v.Double, nil
	case v.DateTime != nil:
		moment, err := time.Parse("20060102T15:04:05", strings.TrimSpace(*v.DateTime))
		if err != nil {
			return nil, fmt.Errorf("decoding dateTime: %w", err)
		}
		return moment.Format(datetimeLayout), nil
	case v.Base64 != nil:
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*v.Base64), ""))
		if err != nil {
			return nil, fmt.Errorf("decoding base64: %w", err)
		}
		return string(raw), nil
	case v.Nil != nil:
		return nil, nil
	}
	return v.decodeCompound()
}

func (v xmlValue) decodeCompound() (any, error) {
	if v.Array != nil {
		list := make([]any, len(v.Array.Values))
		for i, item := range v.Array.Values {
			value, err := item.decode()
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	}
	if v.Struct != nil {
		object := map[string]any{}
		for _, member := range v.Struct.Members {
			value, err := member.Value.decode()
			if err != nil {
				return nil, err
			}
			object[member.Name] = value
		}
		return object, nil
	}
	return v.Text, nil
}

func encodeValue(out *strings.Builder, value any) {
	out.WriteString("<value>")
	switch v := value.(type) {
	case bool:
		out.WriteString("<boolean>" + map[bool]string{true: "1", false: "0"}[v] + "</boolean>")
	case int:
		out.WriteString("<int>" + strconv.Itoa(v) + "</int>")
	case int64:
		out.WriteString("<int>" + strconv.FormatInt(v, 10) + "</int>")
	case float64:
		out.WriteString("<double>" + strconv.FormatFloat(v, 'g', -1, 64) + "</double>")
	case map[string]any:
		encodeStruct(out, v)
	case []any:
		encodeArray(out, v)
	case []int64:
		encodeArray(out, v)
	case []string:
		encodeArray(out, v)
	case []map[string]any:
		encodeArray(out, v)
	default:
		out.WriteString("<string>")
		// A strings.Builder does not fail.
		_ = xml.EscapeText(out, []byte(fmt.Sprint(v))) // See above.
		out.WriteString("</string>")
	}
	out.WriteString("</value>\n")
}

func encodeArray[T any](out *strings.Builder, items []T) {
	out.WriteString("<array><data>\n")
	for _, item := range items {
		encodeValue(out, item)
	}
	out.WriteString("</data></array>")
}

func encodeStruct(out *strings.Builder, object map[string]any) {
	out.WriteString("<struct>\n")
	for _, name := range slices.Sorted(maps.Keys(object)) {
		out.WriteString("<member>\n<name>")
		_ = xml.EscapeText(out, []byte(name)) // A strings.Builder does not fail.
		out.WriteString("</name>\n")
		encodeValue(out, object[name])
		out.WriteString("</member>\n")
	}
	out.WriteString("</struct>")
}

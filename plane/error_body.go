package plane

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// errorBody is what could be read from an error answer.
type errorBody struct {
	message string
	id      string
	fields  map[string][]string
	// own says that the body has the shape in which Plane's views refuse: a sentence, and nothing beside it that they do
	// not send. ownFields says that it is messages by field.
	own, ownFields bool
}

// readErrorBody reads the shapes that Plane answers with: {"error":…}, {"detail":…}, {"error_message":…},
// {"field":["…"]}, {"field":{"0":["…"]}}. A body that is no JSON object (a proxy's page) gives an empty result.
func readErrorBody(body []byte) errorBody {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return errorBody{}
	}
	result := errorBody{fields: map[string][]string{}, own: true, ownFields: true}
	result.id, _ = object["id"].(string)
	for _, key := range sentenceKeys {
		if text, ok := object[key].(string); ok && result.message == "" {
			result.message = text
			delete(object, key)
		}
	}
	result.own = result.message != "" && !isStatusPhrase(result.message)
	for key, value := range object {
		if !besideSentence[key] {
			result.own = false
		}
		if key == "id" || key == "error_code" {
			continue
		}
		result.ownFields = result.ownFields && isMessageTree(value)
		collectMessages(result.fields, key, value)
	}
	result.ownFields = result.ownFields && len(result.fields) > 0
	return result
}

// sentenceKeys are where a refusal has its sentence. `message` is not among them: gateways use it, Plane does not.
var sentenceKeys = []string{"detail", "error", "error_message"}

// besideSentence are the members that stand beside the sentence on some server.
var besideSentence = map[string]bool{"detail": true, "error": true, "error_message": true, "error_code": true, "code": true, "id": true, "status": true}

// isStatusPhrase reports whether a text is no more than the name of an HTTP status, as gateways and frameworks say it
// ("Not Found"). Plane's views always say a sentence ("Not found.").
func isStatusPhrase(text string) bool {
	for status := 400; status < 600; status++ {
		if phrase := http.StatusText(status); phrase != "" && strings.EqualFold(phrase, text) {
			return true
		}
	}
	return false
}

// isMessageTree reports whether a value is a list of messages, or lists of messages by place or name. A bare text is
// none: {"status":"error"} is not Plane's way to refuse a field.
func isMessageTree(value any) bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if _, isText := element.(string); !isText && !isMessageTree(element) {
				return false
			}
		}
		return len(v) > 0
	case map[string]any:
		for _, element := range v {
			if !isMessageTree(element) {
				return false
			}
		}
		return len(v) > 0
	default:
		return false
	}
}

func collectMessages(into map[string][]string, path string, value any) {
	switch v := value.(type) {
	case string:
		if len(into) < maxFields || into[path] != nil {
			into[path] = append(into[path], cut(v))
		}
	case []any:
		for _, element := range v {
			collectMessages(into, path, element)
		}
	case map[string]any:
		for key, element := range v {
			collectMessages(into, path+"."+key, element)
		}
	}
}

// unrouted recognises Plane's answer for a path that no route matches: "Page not found." where a missing record says
// "The requested resource does not exist."
func (b errorBody) unrouted() bool {
	return strings.HasPrefix(strings.ToLower(b.message), "page not found")
}

// missingRecord is what Plane's views, and the framework below them, say of a record that is not there. A gateway has
// sentences of its own for a route, a host or an application that it does not know, and those are about no record.
var missingRecord = regexp.MustCompile(`(?i)^(not found\.|no \w+ matches the given query\.?|(the )?(requested resource|issue|work[ -]?item|project|` +
	`workspace|state|label|module|cycle|intake|page|user|member|webhook|activity|comment|link)( \w+)? (does not exist|not found)\.?)$`)

// kindOf judges an answer that is no success. A refusal counts only in Plane's own shape; a 429, a 5xx, a redirect and
// the 413 of a request with a body mean the same whoever gives them.
func kindOf(status int, details errorBody, withBody bool) Kind {
	switch {
	case status >= 500:
		return KindServer
	case status >= 300 && status < 400:
		return KindRedirected
	case status == http.StatusTooManyRequests:
		return KindRateLimited
	case status == http.StatusRequestEntityTooLarge && withBody:
		return KindTooLarge
	case !details.own && (status != http.StatusBadRequest || !details.ownFields && details.message == ""):
		return KindForeign
	case status == http.StatusBadRequest && isStatusPhrase(details.message):
		return KindForeign
	case status == http.StatusForbidden && strings.Contains(strings.ToLower(details.message), "token is not valid"):
		return KindBadKey
	case status == http.StatusNotFound && details.unrouted():
		return KindUnrouted
	case status == http.StatusNotFound && !missingRecord.MatchString(details.message):
		return KindForeign
	}
	if kind, ok := statusKinds[status]; ok {
		return kind
	}
	return KindUnexpected
}

var statusKinds = map[int]Kind{
	http.StatusBadRequest: KindInvalid, http.StatusUnauthorized: KindUnauthorized, http.StatusForbidden: KindForbidden,
	http.StatusNotFound: KindNotFound, http.StatusMethodNotAllowed: KindMethodNotAllowed, http.StatusConflict: KindConflict,
	http.StatusRequestEntityTooLarge: KindTooLarge, http.StatusTooManyRequests: KindRateLimited,
}

// isAnswerOfView reports whether err shows that the request reached the code behind its path.
func isAnswerOfView(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case KindInvalid, KindConflict, KindMethodNotAllowed, KindForbidden, KindNotFound, KindUnreadable:
		return true
	default:
		return false
	}
}

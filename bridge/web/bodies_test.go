package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// line is a connection over which a body comes bit by bit.
type line struct {
	*io.PipeReader
	sender *io.PipeWriter
}

func newLine() line {
	reader, writer := io.Pipe()
	return line{reader, writer}
}

// hangUp is what a read deadline in the past does to a connection.
func (l line) hangUp() { l.CloseWithError(errors.New("i/o timeout")) }

// reading starts to read a body and returns what becomes of it.
func reading(room *bodyRoom, l line, announced int64) <-chan error {
	ended := make(chan error, 1)
	body := room.open(announced, l.hangUp)
	go func() {
		_, err := body.readAll(l, announced, maxBody)
		if err != nil {
			body.release()
		}
		ended <- err
	}()
	return ended
}

func (l line) send(t *testing.T, bytes int) {
	t.Helper()
	if _, err := io.WriteString(l.sender, strings.Repeat("a", bytes)); err != nil {
		t.Errorf("sending: %v", err)
	}
}

// sendAll sends from a goroutine of its own, as far as anybody reads.
func (l line) sendAll(bytes int) {
	go func() { _, _ = io.WriteString(l.sender, strings.Repeat("a", bytes)) }()
}

func TestTheSlowestBodyIsDroppedWhenThereIsNoRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := newBodyRoom(roomOwn, roomSmall, 2*largeChunk)
		slow, quick, late := newLine(), newLine(), newLine()
		slowEnd := reading(room, slow, maxBody)
		slow.send(t, 60_000)
		time.Sleep(5 * time.Second)
		quickEnd := reading(room, quick, 100_000)
		quick.send(t, 60_000)
		synctest.Wait()
		lateEnd := reading(room, late, 70_000)
		late.send(t, 30_000)
		if err := <-slowEnd; !errors.Is(err, errNoRoom) {
			t.Errorf("the slowest body ended with %v, want that there is no room", err)
		}
		for name, one := range map[string]struct {
			line
			end <-chan error
		}{"quick": {quick, quickEnd}, "late": {late, lateEnd}} {
			one.send(t, 5_000)
			if err := one.sender.Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-one.end; err != nil {
				t.Errorf("the %s body ended with %v", name, err)
			}
		}
	})
}

// A sender in earnest may be slow as well, as on a busy machine between two packets.
func TestAnOrdinaryWebhookIsNotDroppedHoweverManyLargerBodiesCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := newBodyRoom(roomOwn, 2*smallChunk, 2*largeChunk)
		webhook := newLine()
		end := reading(room, webhook, ownRoom)
		webhook.send(t, 1)
		time.Sleep(5 * time.Second)
		var strangers []<-chan error
		for i := range 100 {
			l := newLine()
			strangers = append(strangers, reading(room, l, []int64{30_000, maxBody, -1}[i%3]))
			l.sendAll(29_999)
		}
		synctest.Wait()
		webhook.send(t, ownRoom-1)
		if err := <-end; err != nil {
			t.Errorf("the webhook ended with %v", err)
		}
		dropped := 0
		for _, ended := range strangers {
			select {
			case err := <-ended:
				if !errors.Is(err, errNoRoom) {
					t.Errorf("a larger body ended with %v", err)
				}
				dropped++
			default:
			}
		}
		if dropped < 90 {
			t.Errorf("%d of 100 larger bodies were dropped, and there is room for four at most", dropped)
		}
		for room.dropSlowest() {
			continue
		}
		synctest.Wait()
	})
}

func TestABodyThatIsCompleteKeepsItsRoomUntilItsSenderIsKnown(t *testing.T) {
	t.Parallel()
	room := newBodyRoom(roomOwn, roomSmall, roomLarge)
	body := room.open(5000, func() {})
	if _, err := body.readAll(strings.NewReader(strings.Repeat("a", 5000)), 5000, maxBody); err != nil {
		t.Fatal(err)
	}
	if room.own.held != 5000 || room.dropSlowest() {
		t.Errorf("%d bytes are held, want 5000, and the body may not be dropped any more", room.own.held)
	}
	body.release()
	body.release()
	if room.own.held != 0 {
		t.Errorf("%d bytes are held after the release, want none", room.own.held)
	}
}

// Whatever becomes of bodies, their room comes back.
func TestNoRoomIsLost(t *testing.T) {
	t.Parallel()
	room := newBodyRoom(8*smallChunk, 16*smallChunk, 4*largeChunk)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			size := int64(1+i%7) * 30_000
			announced := size
			if i%3 == 0 {
				announced = -1
			}
			body := room.open(announced, func() {})
			defer body.release()
			content := bytes.Repeat([]byte{byte(i)}, int(size))
			got, err := body.readAll(bytes.NewReader(content), announced, maxBody)
			if err == nil && !bytes.Equal(got, content) {
				t.Errorf("body %d came out as another", i)
			}
		})
	}
	all.Wait()
	for name, s := range map[string]*share{"own": room.own, "small": room.small, "large": room.large} {
		if s.held != 0 || s.leaving != 0 || len(s.line)+len(s.unfinished) != 0 {
			t.Errorf("after the last body, the %s room: %+v", name, s)
		}
	}
}

func TestABodyThatStopsIsToldSoAndOwedASweep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	owed := 0
	h.receiver.OnRefused(func() { owed++ })
	cut := httptest.NewRequest(http.MethodPost, "/api/webhooks/plane", io.MultiReader(strings.NewReader("{"), brokenLine{}))
	if status, answered := ask(t, h.receiver, cut); status != 400 || owed != 1 {
		t.Errorf("answer = %d %s, %d refusals; want 400 and 1", status, answered, owed)
	}
	h.receiver.inbox = closedInbox{}
	if status, _ := ask(t, h.receiver, webhook(createdBody, testSecret, uuid.NewString())); status != 500 || owed != 2 {
		t.Errorf("answer = %d, %d refusals; want 500 and 2", status, owed)
	}
	if status, _ := ask(t, h.receiver, webhook(createdBody, "a guess", uuid.NewString())); status != 403 || owed != 2 {
		t.Errorf("answer = %d, %d refusals; want 403 and still 2", status, owed)
	}
}

type brokenLine struct{}

func (brokenLine) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The text of a body grows in a JSON string, by quotes to the double and by letters
// with accents to the threefold; the older shape carries it twice.
func TestACallTakesABodyOfAMebibyteInBothShapes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	for name, filler := range map[string]string{"letters": "a", "quotes": `\"`, "accents": "\u00e9", "markup": "<", "escapes": `\u00e9`} {
		frame := `{"event": "issue", "action": "updated", "data": {"id": "` + uuid.NewString() + `", "name": "%"}}`
		body := strings.Replace(frame, "%", strings.Repeat(filler, (maxBody-len(frame)+1)/len(filler)), 1)
		headers := map[string]string{plane.HeaderSignature: plane.Sign(testSecret, []byte(body))}
		old := map[string]string{"_raw_body": body, plane.HeaderSignature: headers[plane.HeaderSignature]}
		var payload any
		if err := json.Unmarshal([]byte(body), &payload); err != nil {
			t.Fatal(err)
		}
		for shape, params := range map[string]any{
			"as text":   map[string]any{"body": body, "headers": headers},
			"as base64": map[string]any{"body": base64.StdEncoding.EncodeToString([]byte(body)), "headers": headers},
			"as execute_kw": map[string]any{"service": "object", "method": "execute_kw", "args": []any{
				"odoo", 2, "x", testHook.Model, testHook.Method, []any{payload, old},
			}},
		} {
			headers[plane.HeaderDelivery] = uuid.NewString()
			old[plane.HeaderDelivery] = headers[plane.HeaderDelivery]
			call := asPython(t, map[string]any{"jsonrpc": "2.0", "id": 1, "params": params})
			status, answered := ask(t, h.receiver, httptest.NewRequest(http.MethodPost, "/jsonrpc", bytes.NewReader(call)))
			if status != 200 || !strings.Contains(answered, `"result":{"ok":true`) {
				t.Errorf("%d bytes of %s %s in a call of %d: %d %.200s", len(body), name, shape, len(call), status, answered)
			}
		}
	}
	larger := strings.Repeat(" ", maxBody) + "{}"
	call := asPython(t, map[string]any{"jsonrpc": "2.0", "id": 1, "params": map[string]any{
		"body": larger, "headers": map[string]string{plane.HeaderSignature: plane.Sign(testSecret, []byte(larger)), plane.HeaderDelivery: uuid.NewString()},
	}})
	if _, answered := ask(t, h.receiver, httptest.NewRequest(http.MethodPost, "/jsonrpc", bytes.NewReader(call))); !strings.Contains(answered, `"status":413`) {
		t.Errorf("a larger body in a call: %s", answered)
	}
}

// asPython encodes as the forwarder and Odoo's callers do: ASCII alone, and markup as
// it is.
func asPython(t *testing.T, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("\u00e9"), []byte(`\u00e9`))
}

func TestACallWithMillionsOfPartsTakesNoMoreThanItsBytes(t *testing.T) {
	for name, part := range map[string]string{"args": `"args":[` + strings.Repeat("1,", 3_000_000) + `1]`, "headers": `"headers":{` + strings.Repeat(`"a":"",`, 1_000_000) + `"b":""}`} {
		call := []byte(`{"jsonrpc":"2.0","params":{` + part + `}}`)
		cost := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = readCall(call, nil)
			}
		}).AllocedBytesPerOp()
		if cost > int64(len(call)) {
			t.Errorf("reading a call of %d bytes with many %s allocates %d", len(call), name, cost)
		}
	}
}

// Plane's Community edition sends nothing again, whatever the reason for a refusal
// was, unless the webhook is somebody else's.
func TestEveryWebhookThatIsRefusedUnreadIsOwedASweep(t *testing.T) {
	t.Parallel()
	large := strings.Repeat(" ", maxBody) + createdBody
	call := func(body string) *http.Request {
		params := map[string]any{"body": body, "headers": map[string]string{plane.HeaderSignature: plane.Sign(testSecret, []byte(body)), plane.HeaderDelivery: uuid.NewString()}}
		return httptest.NewRequest(http.MethodPost, "/jsonrpc", bytes.NewReader(asPython(t, map[string]any{"jsonrpc": "2.0", "id": 1, "params": params})))
	}
	for name, row := range map[string]struct {
		secrets Secrets
		request *http.Request
		tooBig  bool
	}{
		"no secret is set":                {noSecrets(), webhook(createdBody, testSecret, uuid.NewString()), false},
		"no secret is set, in a call":     {noSecrets(), call(createdBody), false},
		"the body is too large":           {knownSecrets(), webhook(large, testSecret, uuid.NewString()), true},
		"the body in a call is too large": {knownSecrets(), call(large), true},
		"a call around it is by far":      {knownSecrets(), call(strings.Repeat(large, 9)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, owed := newHouse(t, row.secrets), 0
			h.receiver.OnRefused(func() { owed++ })
			status, answered := ask(t, h.receiver, row.request)
			if owed != 1 {
				t.Errorf("answered %d %.200s, and owed %d sweeps", status, answered, owed)
			}
			var noted bool
			if err := h.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM ops.refused_webhooks WHERE reason = 'too large')").Scan(&noted); err != nil || noted != row.tooBig {
				t.Errorf("noted as too large: %t, %v", noted, err)
			}
		})
	}
}

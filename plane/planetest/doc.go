// Package planetest is a Plane server in memory: the REST API under /api/v1/,
// webhooks of both versions, and (as the commercial edition) the OAuth
// endpoints. It answers as a real server was recorded to answer, oddities
// included, so that what works against it works against Plane.
//
// It serves tests, demonstrations, and whoever wants to try a program against
// Plane without a Plane:
//
//	server := planetest.New(planetest.Options{})
//	web := httptest.NewServer(server)        // or Client{Transport: server.RoundTripper()}
//	server.AddWebhook("http://127.0.0.1:8080/hook", "secret", planetest.V1)
//	server.MoveItem("maria", itemID, "completed")
//
// # What it copies
//
//   - The rate limit is a log of the last 60 seconds per key. X-RateLimit-Reset
//     is always now + 60 s; a 429 carries Retry-After and no X-RateLimit header,
//     and does not count itself.
//   - external_source + external_id are checked and then inserted, without a
//     unique index: see [Server.MultiRace].
//   - The lookup by that pair also finds archived items, answers 500 when two
//     items carry the pair, and a deleted item frees it.
//   - Names where UUIDs are due, wrong dates, priorities and lengths get the
//     field messages of Django REST framework.
//   - HTML is sanitised, and wrapped into one element when it has several.
//   - updated_at moves with every PATCH, even one that changes nothing, and once
//     more a little later: see "Time" below.
//   - One webhook per changed field; none for a delete, an archive, or a PATCH
//     with equal values. The body is read when the webhook is sent.
//   - A path without its final slash is redirected, which turns a POST into a GET.
//   - An item is hidden from lists and reads by id, but not from the look-up by
//     pair nor from PATCH, by its archive, by that of its project
//     ([Server.ArchiveProject]) and by Intake ([Server.CreateIntakeItem]).
//   - Who is no member of a project gets the same 403 as for one that does not
//     exist ([Server.SetProjectRole]); only the project itself tells.
//   - Labels of another project and assignees who are no members are left out of
//     a write that answers 200.
//
// What goes wrong only under load, behind a proxy or on another edition is
// switched on: [Server.SlowCreates], [Server.SetClocks], [Server.ShowReferences],
// [Server.MoveItemToProject], and any answer to any request with [Server.Fail].
//
// What it does not have (creating projects, modules, cycles, attachments) is
// answered 501.
//
// # Time
//
// All times come from [Options.Now] and never repeat: two writes in the same
// instant are one microsecond apart. The background task by which a real
// server moves updated_at a second time is driven by use, so that tests are
// repeatable: it runs when the item is next read (by a request, or by a webhook
// that is about to be sent), never in the answer to the write itself.
//
// # Webhooks
//
// A real server refuses private addresses as webhook targets unless
// WEBHOOK_ALLOWED_IPS or WEBHOOK_ALLOWED_HOSTS permit them. This one sends to
// any address, loopback included.
package planetest

// Package sim is an Odoo that lives in memory: it answers JSON-RPC, XML-RPC and JSON-2 in the
// shapes that a real Odoo 19 Community server was recorded answering, oddities included, and can be
// told to fail in the ways that real servers and the proxies before them fail.
//
// It knows the stock models that the bridge touches (activities and notes, tasks, settings, external
// ids, automation rules). Others are declared ([Server.Declare]); an unknown model is refused as Odoo
// refuses it. It holds no screens and no accounting.
//
// The simulated Odoo needs no network: [Server.RoundTripper] serves an http.Client in the same process,
// which is what tests under testing/synctest use.
package sim

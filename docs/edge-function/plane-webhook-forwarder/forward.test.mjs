// Runs the forwarder against a running bridge: BRIDGE_WEBHOOK_URL and PLANE_WEBHOOK_SECRET say which.
// `go test ./internal/contracttest` starts one on a database of its own and runs this file.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";

import { configured, forward } from "./forward.mjs";

const bridge = process.env.BRIDGE_WEBHOOK_URL;
const secret = process.env.PLANE_WEBHOOK_SECRET;
assert.ok(bridge && secret, "BRIDGE_WEBHOOK_URL and PLANE_WEBHOOK_SECRET have to be set");

// Plane writes bodies with Python's json.dumps: a space after : and , and non-ASCII as \uXXXX.
function planesBody(title = "caf\\u00e9 \\u2013 \\ud83d\\udcc5") {
  return `{"event": "issue", "action": "created", "data": {"id": "${randomUUID()}", "name": "${title}", ` +
    `"updated_at": "2026-03-01T02:03:04Z", "state": {"id": "${randomUUID()}", "name": "Todo", "group": "unstarted"}}}`;
}

const sign = (body) => createHmac("sha256", secret).update(body).digest("hex");

function webhook(body, { signature = sign(body), delivery = randomUUID(), ...extra } = {}) {
  return new Request("https://project.functions.supabase.co/plane-webhook-forwarder", {
    method: "POST", body,
    headers: {
      "content-type": "application/json", "user-agent": "Autopilot", "x-plane-event": "issue",
      "x-plane-delivery": delivery, "x-plane-signature": signature, ...extra,
    },
  });
}

// pass forwards without waiting and returns status and body. Signatures are left to the bridge
// unless a test gives secrets.
async function pass(request, options = {}) {
  const waits = [];
  const response = await forward(request, { target: bridge, unverified: !options.secrets, wait: async (ms) => { waits.push(ms); }, ...options });
  assert.match(response.headers.get("content-type"), /^application\/json/);
  return { status: response.status, body: await response.json(), waits };
}

// standIn is a server in the place of the bridge; handle gets each request with its bytes.
async function standIn(t, handle) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    await handle({ headers: request.headers, body: Buffer.concat(chunks) }, response);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}/api/webhooks/plane`;
}

test("a body with escaped non-ASCII text arrives as it was signed", async () => {
  const body = planesBody();
  assert.deepEqual(await pass(webhook(body)), { status: 200, body: { ok: true }, waits: [] });
});

test("a body with raw UTF-8 arrives as it was signed", async () => {
  assert.equal((await pass(webhook(planesBody("café – 📅")))).status, 200);
});

test("the same body written anew has another signature, and the bridge refuses it", async () => {
  const body = planesBody();
  const anew = JSON.stringify(JSON.parse(body));
  assert.notEqual(anew, body);
  assert.deepEqual(await pass(webhook(anew, { signature: sign(body) })),
    { status: 403, body: { ok: false, error: "invalid signature" }, waits: [] });
});

test("the bridge's answer to a repeated delivery is Plane's answer", async () => {
  const body = planesBody(), delivery = randomUUID();
  await pass(webhook(body, { delivery }));
  assert.deepEqual((await pass(webhook(body, { delivery }))).body, { ok: true, duplicate: true });
});

test("the bytes and Plane's headers arrive untouched, and nothing else does", async (t) => {
  const seen = [];
  const target = await standIn(t, (request, response) => {
    seen.push(request);
    response.setHeader("content-type", "application/json").end('{"ok":true}');
  });
  const body = Buffer.from([...Buffer.from('{"a": "'), 0xff, 0xfe, 0x00, ...Buffer.from('"}')]);
  const request = webhook(body, { delivery: "AbC", authorization: "Bearer of-the-platform", cookie: "a=b", "x-forwarded-for": "10.0.0.1" });
  assert.equal((await pass(request, { target })).status, 200);
  assert.deepEqual(seen[0].body, body);
  const { signature, ...sent } = {
    signature: seen[0].headers["x-plane-signature"], delivery: seen[0].headers["x-plane-delivery"],
    event: seen[0].headers["x-plane-event"], agent: seen[0].headers["user-agent"],
  };
  assert.equal(signature, sign(body));
  assert.deepEqual(sent, { delivery: "AbC", event: "issue", agent: "Autopilot" });
  for (const name of ["authorization", "cookie", "x-forwarded-for"]) assert.equal(seen[0].headers[name], undefined);
});

test("a bridge that fails for a while is tried again, and the delivery arrives once", async (t) => {
  let tries = 0;
  const target = await standIn(t, async (request, response) => {
    tries++;
    if (tries < 3) return response.writeHead(tries === 1 ? 500 : 503, { "content-type": "application/json" }).end('{"ok":false}');
    const headers = Object.fromEntries(["x-plane-signature", "x-plane-delivery", "x-plane-event"].map((name) => [name, request.headers[name]]));
    const answer = await fetch(bridge, { method: "POST", body: request.body, headers });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  assert.deepEqual(await pass(webhook(planesBody()), { target }), { status: 200, body: { ok: true }, waits: [500, 1500] });
  assert.equal(tries, 3);
});

test("a bridge that stays away is a 5xx for Plane, which does not say that it was kept", async (t) => {
  const target = await standIn(t, (_, response) => response.destroy());
  assert.deepEqual(await pass(webhook(planesBody()), { target }),
    { status: 502, body: { ok: false, error: "the bridge cannot be reached" }, waits: [500, 1500, 4000] });
});

test("a refusal is final", async (t) => {
  let tries = 0;
  const target = await standIn(t, (_, response) => {
    tries++;
    response.writeHead(400, { "content-type": "application/json" }).end('{"ok":false,"error":"no"}');
  });
  assert.deepEqual(await pass(webhook(planesBody()), { target }), { status: 400, body: { ok: false, error: "no" }, waits: [] });
  assert.equal(tries, 1);
});

test("a redirect is not followed", async (t) => {
  const target = await standIn(t, (_, response) => response.writeHead(302, { location: bridge }).end());
  assert.equal((await pass(webhook(planesBody()), { target })).status, 502);
});

test("with the secret, a wrong signature is refused before the bridge is asked", async () => {
  const target = "http://127.0.0.1:1/";
  const refused = { status: 403, body: { ok: false, error: "invalid signature" }, waits: [] };
  for (const signature of ["", "00", sign("another body"), sign(planesBody()).toUpperCase()]) {
    assert.deepEqual(await pass(webhook(planesBody(), { signature }), { target, secrets: ["old", secret] }), refused);
  }
  assert.equal((await pass(webhook(planesBody()), { secrets: ["old", secret] })).status, 200);
});

test("without a secret nothing is passed on", async () => {
  const missing = { ok: false, error: "KEY_MISSING", ssot_ref: "ssot/secrets/registry.yaml#plane_webhook_secret" };
  assert.deepEqual(await pass(webhook(planesBody()), { secrets: [] }), { status: 503, body: missing, waits: [] });
  const response = await forward(webhook(planesBody()), { target: bridge });
  assert.equal(response.status, 503);
});

test("what is no webhook is answered in JSON", async () => {
  assert.equal((await pass(new Request("https://f.example/", { method: "GET" }))).status, 405);
  assert.equal((await pass(webhook(new Uint8Array((1 << 20) + 1)))).status, 413);
  assert.equal((await pass(webhook(planesBody()), { target: undefined })).status, 503);
});

test("a body without end is not waited for", async () => {
  let sent = 0;
  const endless = new ReadableStream({ pull(controller) { sent += 1 << 16; controller.enqueue(new Uint8Array(1 << 16)); } });
  const request = new Request("https://f.example/", { method: "POST", body: endless, duplex: "half", headers: { "x-plane-signature": "00" } });
  assert.equal((await pass(request, { secrets: [secret] })).status, 413);
  assert.ok(sent < 2 << 20, `${sent} bytes were taken`);
});

test("the settings are cleaned as the bridge cleans its own", () => {
  const of = (values) => configured((name) => values[name]);
  assert.deepEqual(of({}), { target: "", secrets: [], unverified: false });
  assert.deepEqual(of({ BRIDGE_WEBHOOK_URL: " https://b.example/x\n", PLANE_WEBHOOK_SECRET: "\ufeffnew\r\n", PLANE_WEBHOOK_SECRET_PREVIOUS: "old ", FORWARD_UNVERIFIED: "true" }),
    { target: "https://b.example/x", secrets: ["new", "old"], unverified: true });
  assert.deepEqual(of({ PLANE_WEBHOOK_SECRET: " " }).secrets, []);
});

test("the previous secret alone is no secret: it would refuse every webhook for good", () => {
  assert.deepEqual(configured((name) => (name === "PLANE_WEBHOOK_SECRET_PREVIOUS" ? "old" : undefined)).secrets, []);
});

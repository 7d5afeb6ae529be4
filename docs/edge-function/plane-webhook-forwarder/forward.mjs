// Passes a Plane webhook on to the bridge. Only the web's own interfaces are used (Request, Response,
// fetch, WebCrypto), so that Deno, Node and browsers' workers run the same file.

// What Plane says about a delivery, and nothing else: no credential of the platform in between
// reaches the bridge, and nothing that the bridge would have to trust is added.
const PLANES_HEADERS = ["x-plane-signature", "x-plane-delivery", "x-plane-event", "content-type", "user-agent"];

// The bridge refuses what is larger with 413.
const MAX_BODY = 1 << 20;

// Plane waits for 30 s; all tries together end before that.
const WAITS_MS = [500, 1500, 4000];
const TRY_TIMEOUT_MS = 5000;

/**
 * Answers one request of Plane with what the bridge answers to it.
 *
 * options.target   address of the bridge's /api/webhooks/plane
 * options.secrets  webhook secrets; a wrong signature is refused here already. The bridge checks it
 *                  again: this is a first layer and no replacement.
 * options.unverified  true passes everything on where there is no secret, for the bridge to check
 * options.wait     waits for so many milliseconds; replaced in tests
 */
export async function forward(request, { target, secrets = [], unverified = false, wait = sleep }) {
  if (request.method !== "POST") return refusal(405, "method not allowed");
  if (!target) return refusal(503, "BRIDGE_WEBHOOK_URL is not set");
  if (secrets.length === 0 && !unverified) return keyMissing();
  // The bytes themselves: text() would decode them, and json() would lose the form that was signed.
  const body = await readBody(request);
  if (body === null) return refusal(413, "the body is larger than 1 MiB");
  if (secrets.length > 0 && !(await isSigned(body, request.headers.get("x-plane-signature"), secrets))) {
    return refusal(403, "invalid signature");
  }
  return await deliver(target, body, planesHeaders(request.headers), wait);
}

// What the function's settings say, without what editors and shells leave at the edges of values. The
// secret before the current one counts beside it only: alone it would refuse every webhook for good.
export function configured(get) {
  const value = (name) => (get(name) ?? "").trim();
  const secret = value("PLANE_WEBHOOK_SECRET"), previous = value("PLANE_WEBHOOK_SECRET_PREVIOUS");
  return {
    target: value("BRIDGE_WEBHOOK_URL"),
    secrets: secret ? [secret, previous].filter(Boolean) : [],
    unverified: value("FORWARD_UNVERIFIED") === "true",
  };
}

// Reads the body as far as it may go; null when it goes on. Nobody is known yet who sends it.
async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

// Tries again while the bridge answers 5xx or not at all. Repeating is safe: the bridge keeps one
// delivery id once.
async function deliver(target, body, headers, wait) {
  let answer;
  for (let attempt = 0; attempt <= WAITS_MS.length; attempt++) {
    if (attempt > 0) await wait(WAITS_MS[attempt - 1]);
    answer = await tryOnce(target, body, headers);
    if (answer.status < 500) return answer;
  }
  return answer;
}

async function tryOnce(target, body, headers) {
  try {
    const response = await fetch(target, {
      method: "POST", body, headers, redirect: "manual", signal: AbortSignal.timeout(TRY_TIMEOUT_MS),
    });
    // A redirect would be followed as a GET without the body.
    if (response.status >= 300 && response.status < 400) return refusal(502, "BRIDGE_WEBHOOK_URL leads to a redirect");
    return new Response(await response.arrayBuffer(), {
      status: response.status, headers: { "content-type": response.headers.get("content-type") ?? "application/json" },
    });
  } catch {
    // What fetch throws names addresses inside the company; Plane's logs are not the place for them.
    return refusal(502, "the bridge cannot be reached");
  }
}

function planesHeaders(all) {
  const kept = new Headers();
  for (const name of PLANES_HEADERS) {
    const value = all.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept;
}

// verify compares in constant time.
async function isSigned(body, signature, secrets) {
  if (!/^[0-9a-f]{64}$/.test(signature ?? "")) return false;
  const given = Uint8Array.from(signature.match(/../g), (pair) => parseInt(pair, 16));
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey(
      "raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    if (await crypto.subtle.verify("HMAC", key, given, body)) return true;
  }
  return false;
}

function refusal(status, error) {
  return Response.json({ ok: false, error }, { status });
}

// The same words as the bridge's own. Plane Community does not send it again; the bridge's sweep finds what it told of.
function keyMissing() {
  const body = { ok: false, error: "KEY_MISSING", ssot_ref: "ssot/secrets/registry.yaml#plane_webhook_secret" };
  return Response.json(body, { status: 503 });
}

function sleep(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

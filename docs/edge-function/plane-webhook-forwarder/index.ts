// The Supabase Edge Function around forward.mjs. Deploy it with --no-verify-jwt: Plane cannot send a
// Supabase token, and the signature is what is checked.
import { forward } from "./forward.mjs";

const secrets = ["PLANE_WEBHOOK_SECRET", "PLANE_WEBHOOK_SECRET_PREVIOUS"]
  .map((name) => Deno.env.get(name))
  .filter((secret): secret is string => Boolean(secret));

// Without a secret nothing is passed on, unless the operator says so by name.
const unverified = Deno.env.get("FORWARD_UNVERIFIED") === "true";

Deno.serve((request: Request) => forward(request, { target: Deno.env.get("BRIDGE_WEBHOOK_URL"), secrets, unverified }));

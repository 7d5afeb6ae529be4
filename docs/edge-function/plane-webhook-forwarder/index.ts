// The Supabase Edge Function around forward.mjs. Deploy it with --no-verify-jwt: Plane cannot send a
// Supabase token, and the signature is what is checked.
import { configured, forward } from "./forward.mjs";

// Without a secret nothing is passed on, unless the operator says so by name.
const options = configured((name: string) => Deno.env.get(name));

Deno.serve((request: Request) => forward(request, options));

// A provider of OpenID Connect that somebody else wrote, on loopback: node provider.mjs '{"port": …}'.
// Whoever types an address at its login has that address; one that begins with "unverified" was never verified.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { port, certificate, key, client, secret, redirect, modules } = JSON.parse(process.argv[2]);
const found = createRequire(`${modules}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found));

const provider = new Provider(`https://localhost:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirect], response_types: ["code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  pkce: { methods: ["S256"], required: () => true },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified") }),
  }),
});

const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
https.createServer(tls, provider.callback()).listen(port, "127.0.0.1", () => console.log("ready"));

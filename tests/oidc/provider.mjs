// A real OpenID Connect provider for usher's tests, all in memory: `node provider.mjs PORT`.
//
// Whoever comes is signed in at once as the person that was named last, without a page. Reads one command per line of
// JSON on stdin and answers each with one line on stdout that carries the command's `seq`:
//
//   person      sub, claims       who comes next; a sub of null says no ("access_denied")
//   rotate                        another key signs from now on, and the old one is gone
//   substitute  id_token          stands in every answer of the token endpoint from now on; null for its own again
//   start       usher             listens, for an usher at that address
//   stop                          nobody listens; what it knows stays
//   sessions                      how many people are signed in here
//
// Clients: `usher` with a secret, `public` without one, and `other`, somebody else's.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";

console.warn = () => {}; // it advises against plain http and old versions of Node
console.info = () => {};
const { Provider } = await import("oidc-provider");

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const cookieKey = randomBytes(16).toString("hex");

let usher = "";
let current;

let person = { sub: "nobody", claims: {} };
let substitute = null;
const claimsOf = new Map();
const signedIn = new Set();

function configuration() {
  const ends = {
    redirect_uris: [`${usher}/sso/oidc/callback`],
    post_logout_redirect_uris: [`${usher}/sso/signed-out`],
  };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), use: "sig", kid: randomBytes(4).toString("hex") };
  return {
    jwks: { keys: [key] },
    cookies: { keys: [cookieKey] },
    clients: [
      { client_id: "usher", client_secret: "a secret of usher for tests", ...ends },
      { client_id: "public", token_endpoint_auth_method: "none", ...ends },
      { client_id: "other", token_endpoint_auth_method: "none", redirect_uris: [`${issuer}/other`] },
    ],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username", "groups"],
      email: ["email", "email_verified"],
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => void (ctx.body = form),
        postLogoutSuccessSource: (ctx) => void (ctx.body = "signed out"),
      },
    },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...claimsOf.get(sub) }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantEverything,
  };
}

/** Nobody is asked for consent. */
async function grantEverything(ctx) {
  const { client, session, provider } = ctx.oidc;
  const given = session.grantIdFor(client.clientId);
  if (given) return provider.Grant.find(given);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email");
  await grant.save();
  return grant;
}

function makeProvider() {
  const provider = new Provider(issuer, configuration());
  provider.proxy = false;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === "/token" && substitute && ctx.body?.id_token) ctx.body.id_token = substitute;
  });
  provider.on("session.saved", (session) => session.accountId && signedIn.add(session.jti));
  provider.on("session.destroyed", (session) => signedIn.delete(session.jti));
  return { provider, answer: provider.callback() };
}

async function signIn(request, response) {
  if (person.sub === null) {
    const refusal = { error: "access_denied", error_description: "said no" };
    return current.provider.interactionFinished(request, response, refusal);
  }
  claimsOf.set(person.sub, person.claims);
  return current.provider.interactionFinished(request, response, { login: { accountId: person.sub } });
}

const server = createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return current.answer(request, response);
  signIn(request, response).catch((fault) => response.writeHead(500).end(String(fault)));
});

const commands = {
  person: ({ sub, claims }) => void (person = { sub, claims: claims ?? {} }),
  rotate: () => void (current = makeProvider()),
  substitute: ({ id_token }) => void (substitute = id_token),
  sessions: () => ({ count: signedIn.size }),
  start: async (command) => {
    usher = command.usher;
    current ??= makeProvider();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  },
  stop: async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const said = await commands[command.do](command);
  process.stdout.write(`${JSON.stringify({ seq: command.seq, ...said })}\n`);
}
process.exit(0);

// Shows who has come back from the sign-in, and whether the token is still good.

import { arrive, forget, remembered, roomOf } from "./session.js";
import { userOf, validate } from "./usher.js";

const part = (id) => document.getElementById(id);
const { base, client } = part("app").dataset;

function show(section) {
  for (const id of ["waiting", "signed-in", "signed-out", "away"]) part(id).hidden = id !== section;
}

function tell(id, text) {
  part(id).textContent = text;
  part(id).closest("div").hidden = !text;
}

function welcome(user, next, expiresAt) {
  const until = new Date(expiresAt);
  const room = roomOf(next);
  tell("name", user.name);
  tell("email", user.email ?? "");
  tell("roles", (user.roles ?? []).join(", "));
  tell("room", room);
  tell("until", until.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }));
  part("until").dateTime = until.toISOString();
  part("enter").hidden = !room;
  show("signed-in");
}

/** No reason where nobody had signed in. */
function goodbye(code) {
  forget();
  part("code").textContent = code ?? "";
  part("refused").hidden = !code;
  show("signed-out");
}

async function look() {
  const session = remembered();
  if (!session) return goodbye();
  const [user, token] = await Promise.all([
    userOf(base, session.token),
    validate(base, client, session.token),
  ]);
  if (user && token.valid) welcome(user, session.next, token.expires_at);
  else goodbye(token.code);
}

async function check() {
  part("valid").hidden = true;
  const token = await validate(base, client, remembered().token);
  if (token.valid) part("valid").hidden = false;
  else goodbye(token.code);
}

const orAway = (work) => work().catch(() => show("away"));

arrive();
part("check").addEventListener("click", () => orAway(check));
orAway(look);

// Many XMPP clients in one process, for usher's tests.
//
// Reads one command per line of JSON on stdin and answers each with one line on stdout that carries the command's
// `seq`. Lines without `seq` are notices about what happened to a client by itself. Commands (all name a client `id`):
//
//   join     url, domain, room, nick [, name, username, password, presence]  -> {joined} or {refused, text, at}
//   leave    room [, status]                                                -> {left}
//   goodbye  closes the stream in order, without leaving the rooms first     -> {closed}
//   drop     cuts the socket without a word                                  -> {dropped}
//   kick     room, nick [, reason]     destroy  room [, reason]
//   affiliation  room, jid, affiliation                                      -> {done} or {refused, text}
//   quit     ends the process
//
// `username` signs in with a password instead of anonymously; `presence` is a list of [name, xmlns, text] for the
// first presence. A second join of the same client uses its open connection.

import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";
import { WebSocket } from "ws";
import { client as xmppClient, xml } from "@xmpp/client";

globalThis.crypto ??= webcrypto; // Node 18
globalThis.WebSocket = WebSocket; // Node's own cannot be cut without a goodbye

const DEADLINE_MS = 100_000; // only a failure waits so long; a little less than the tests do
const MUC = "http://jabber.org/protocol/muc";
const clients = new Map();

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function withDeadline(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer to ${what} in time`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Refused extends Error {
  constructor(at, condition, text) {
    super(text);
    Object.assign(this, { at, condition });
  }
}

function refusalOf(stanza) {
  const error = stanza.getChild("error");
  const condition = error?.children.find((child) => child.name && child.name !== "text");
  return new Refused("room", condition?.name ?? "unknown", error?.getChildText("text") ?? "");
}

async function signIn({ id, url, domain, username, password }) {
  // SCRAM takes this client ten thousand trips to another thread, which is nothing to do on a busy machine.
  const plainly = (authenticate) => authenticate({ username, password }, "PLAIN");
  const xmpp = xmppClient({ service: url, domain, username, credentials: username && plainly });
  xmpp.reconnect.stop();
  xmpp.timeout = DEADLINE_MS;
  xmpp.on("error", () => {}); // start() reports what goes wrong before it; later the socket closes
  try {
    await withDeadline(xmpp.start(), "sign-in");
  } catch (fault) {
    throw new Refused("sign-in", fault.condition ?? fault.name, fault.text ?? fault.message);
  }
  xmpp.on("disconnect", () => {
    if (clients.get(id)?.xmpp === xmpp) clients.delete(id);
    say({ id, disconnected: true });
  });
  const client = { id, xmpp, waiting: new Map() };
  xmpp.on("stanza", (stanza) => onStanza(client, stanza));
  clients.set(id, client);
  return client;
}

/** What a presence says about its sender, if it is a presence of a room. */
function placeOf(stanza) {
  const x = stanza.getChild("x", `${MUC}#user`);
  const item = x?.getChild("item");
  const destroy = x?.getChild("destroy");
  return {
    from: stanza.attrs.from,
    affiliation: item?.attrs.affiliation,
    role: item?.attrs.role,
    codes: (x?.getChildren("status") ?? []).map((status) => Number(status.attrs.code)),
    destroyed: Boolean(destroy),
    reason: destroy?.getChildText("reason") ?? item?.getChildText("reason") ?? undefined,
  };
}

/** What is said in a room; its subject is nothing that is said. */
function onMessage(client, stanza) {
  const json = stanza.getChildText("json-message", "http://jitsi.org/jitmeet");
  const body = stanza.getChildText("body");
  if (!body && !json) return;
  const { from, type } = stanza.attrs;
  say({ id: client.id, message: { from, type, body, json: json ? JSON.parse(json) : undefined } });
}

function onStanza(client, stanza) {
  if (stanza.name === "message") return onMessage(client, stanza);
  if (stanza.name !== "presence") return;
  const [room, nick] = stanza.attrs.from.split("/");
  const place = placeOf(stanza);
  const own = place.codes.includes(110) || stanza.attrs.type === "error";
  const wait = client.waiting.get(room);
  if (own && wait && (stanza.attrs.type ?? "available") !== wait.ignores) {
    client.waiting.delete(room);
    if (stanza.attrs.type === "error") wait.reject(refusalOf(stanza));
    else wait.resolve(place);
  } else if (own && stanza.attrs.type === "unavailable") {
    say({ id: client.id, removed: place });
  } else {
    say({ id: client.id, presence: { ...place, nick, type: stanza.attrs.type ?? "available" } });
  }
}

/** Waits for our own next presence in a room; one of the type `ignores` is not it. */
function ownPresence(client, room, ignores, what) {
  const answer = new Promise((resolve, reject) => client.waiting.set(room, { resolve, reject, ignores }));
  return withDeadline(answer, what);
}

async function join(command) {
  const { id, room, nick, name, presence = [] } = command;
  const client = clients.get(id) ?? (await signIn(command));
  const extra = presence.map(([element, xmlns, text]) => xml(element, { xmlns }, text ?? ""));
  if (name) extra.push(xml("nick", { xmlns: "http://jabber.org/protocol/nick" }, name));
  const answer = ownPresence(client, room, "unavailable", "join");
  await client.xmpp.send(xml("presence", { to: `${room}/${nick}` }, xml("x", { xmlns: MUC }), ...extra));
  const { affiliation, role, codes } = await answer;
  return { joined: room, jid: String(client.xmpp.jid), nick, affiliation, role, codes };
}

async function leave({ id, room, status }) {
  const client = known(id);
  const answer = ownPresence(client, room, "available", "leave");
  await client.xmpp.send(xml("presence", { to: room, type: "unavailable" }, status ? xml("status", {}, status) : ""));
  await answer;
  return { left: room };
}

async function goodbye({ id }) {
  const { xmpp } = known(id);
  clients.delete(id);
  await withDeadline(xmpp.stop(), "goodbye");
  return { closed: true };
}

function drop({ id }) {
  const { xmpp } = known(id);
  clients.delete(id);
  xmpp.socket.socket.terminate();
  return { dropped: true };
}

async function request(id, room, payload) {
  const { xmpp } = known(id);
  try {
    await xmpp.iqCaller.request(xml("iq", { type: "set", to: room }, payload), DEADLINE_MS);
    return { done: true };
  } catch (fault) {
    throw new Refused("room", fault.condition ?? fault.name, fault.text ?? fault.message);
  }
}

function administer({ id, room, reason }, item) {
  const why = reason ? xml("reason", {}, reason) : "";
  return request(id, room, xml("query", { xmlns: `${MUC}#admin` }, xml("item", item, why)));
}

function destroy({ id, room, reason }) {
  const why = reason ? xml("reason", {}, reason) : "";
  return request(id, room, xml("query", { xmlns: `${MUC}#owner` }, xml("destroy", {}, why)));
}

function known(id) {
  const client = clients.get(id);
  if (!client) throw new Refused("test", "unknown-client", `no client ${id}`);
  return client;
}

const COMMANDS = {
  join,
  leave,
  goodbye,
  drop,
  destroy,
  kick: (command) => administer(command, { nick: command.nick, role: "none" }),
  affiliation: (command) => administer(command, { jid: command.jid, affiliation: command.affiliation }),
  quit: () => process.exit(0),
};

async function run(command) {
  const { seq, id } = command;
  try {
    say({ seq, id, ...(await COMMANDS[command.do](command)) });
  } catch (fault) {
    say({ seq, id, refused: fault.condition ?? "fault", text: fault.message, at: fault.at ?? "client" });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => run(JSON.parse(line)))
  .on("close", () => process.exit(0));

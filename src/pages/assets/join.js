// The page of a meeting: says where one stands, opens the room when one may go in, and lets hosts let people in.

const RHYTHM_MS = 2000;
const SLOWEST_MS = 30_000;
/** States after which nothing more happens, unless somebody changes the meeting. */
const CLOSED = ["cancelled", "over", "in_person"];
/** What the button says, where there is one. */
const LABELS = {
  ready: "join",
  left: "back",
  replaced: "back",
  ended: "back",
  server_away: "again",
  not_let_in: "again",
};

const part = (id) => document.getElementById(id);
/** `client` is the script that shows LiveKit's rooms; of a meeting on Jitsi there is none. */
const { base, meeting, client, state: first, now: made, zone, audio } = part("app").dataset;
const home = `${base}/api/meetings/${meeting}`;
const language = document.documentElement.lang;
/** How numbers and times are written: as the person is used to, if the page speaks their language. */
const locale = navigator.language.split("-")[0] === language ? navigator.language : language;
const button = part("enter").querySelector("button");

/** door: before the room; entering: on the way; room: in it; left: out again; end: nothing is asked any more. */
let scene = "door";
let hasWaited = first === "waiting";
let room = null;
/** The newest token of LiveKit's, and the timer that asks for the next. */
let held = null;
let renewal = 0;
let pause = RHYTHM_MS;
let timer = 0;
let isAsking = false;
/** How far usher's clock is ahead of this one. */
let ahead = new Date(made) - Date.now();
let until = null;

// === what is asked ===

class Refusal extends Error {
  constructor(status, wait) {
    super(`usher answered ${status}`);
    this.status = status;
    this.wait = wait;
  }
}

async function call(path, body) {
  const answer = await act(path, body ? "POST" : "GET", body);
  return (await answer.json()).data;
}

async function act(path, method, body) {
  const answer = await fetch(`${home}/${path}`, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Refusal(answer.status, Number(answer.headers.get("Retry-After")) * 1000);
  return answer;
}

/** Looks where one stands, again and again. */
async function look() {
  if (isAsking || scene === "end") return;
  clearTimeout(timer);
  isAsking = true;
  try {
    await follow(await call("waiting", { enter: false }));
    pause = RHYTHM_MS;
    part("away").hidden = true;
  } catch (fault) {
    lost(fault);
  }
  isAsking = false;
  if (scene !== "end") timer = setTimeout(look, pause);
}

function lost(fault) {
  if (fault.status === 401 && scene === "room") {
    // Nobody is put out of a room because a sign-in ran out meanwhile.
    pause = SLOWEST_MS;
    return;
  }
  if (fault.status === 401) return end("signed_out");
  if (fault.status === 404 || fault.status === 403) return end("gone");
  part("away").hidden = false;
  // Not all at the same moment, when usher is back.
  pause = Math.max(fault.wait || 0, Math.min(pause * 2, SLOWEST_MS) * (0.75 + Math.random() / 2));
}

// === what follows from the answer ===

async function follow(standing) {
  ahead = new Date(standing.now) - Date.now();
  retime(standing);
  if (standing.moderator && !CLOSED.includes(standing.state)) showLobby(await call("waiting"));
  else part("lobby").hidden = true;
  if (scene === "entering") return;
  if (scene === "room") return stay(standing);
  if (scene === "left" && ![...CLOSED, "removed"].includes(standing.state)) return;
  scene = "door";
  hasWaited ||= standing.state === "waiting" || standing.state === "denied";
  if (standing.state === "ready" && hasWaited) return enter();
  show(standing);
}

/** In the room, only the end matters. A meeting that usher takes for missed can be one that nobody reports. */
function stay({ state, status }) {
  if (["cancelled", "removed"].includes(state) || (state === "over" && status !== "missed")) goOut(state);
}

function goOut(state) {
  close();
  scene = "door";
  reveal(state);
}

function show({ state, waitsFor }) {
  part("waits-for-host").hidden = waitsFor !== "host";
  part("waits-for-admission").hidden = waitsFor === "host";
  reveal(state);
}

/** Shows what belongs to a state; what stays is not touched, so that it is read out once. */
function reveal(state) {
  for (const section of document.querySelectorAll("[data-state]:not(#app)")) {
    const isShown = section.dataset.state === state;
    if (section.hidden === isShown) section.hidden = !isShown;
  }
  const label = LABELS[state];
  part("enter").hidden = !label;
  if (label) button.textContent = button.dataset[label];
  part("alone").hidden = state !== "server_away" || !part("alone").href;
  part("sign-in").hidden = state !== "signed_out";
  until = { too_early: part("opens")?.dateTime }[state];
  countDown();
}

function end(state) {
  close();
  scene = "end";
  part("lobby").hidden = true;
  part("away").hidden = true;
  reveal(state);
}

// === the room ===

async function enter() {
  hasWaited = false;
  scene = "entering";
  reveal("entering");
  try {
    const standing = await call("waiting", { enter: true });
    if (standing.state !== "ready") {
      scene = "door";
      return show(standing);
    }
    await (client ? openLiveKit(standing) : openJitsi(standing));
  } catch (fault) {
    if (scene !== "entering") return;
    if (!(fault instanceof Refusal)) return leave(fault.how ?? "server_away");
    scene = "door";
    lost(fault);
    if (scene !== "end") reveal("ready");
  }
}

async function openJitsi({ link, jitsiDetails }) {
  part("alone").href = link;
  const { domain: server, ...options } = jitsiDetails.embed;
  if (!window.JitsiMeetExternalAPI) await load(`https://${server}/external_api.js`);
  fillWindow();
  room = new window.JitsiMeetExternalAPI(server, { ...options, lang: language, parentNode: part("stage") });
  room.addListener("readyToClose", () => leave("left"));
  scene = "room";
}

async function openLiveKit(standing) {
  const { open } = await import(client);
  const { serverUrl: server, token } = standing.livekitDetails;
  const ways = { fresh, ended: leave, hosting: standing.moderator ? hosting : null };
  room = await open({ server, token, audio: audio !== undefined }, ways);
  if (scene !== "entering") return close();
  fillWindow();
  room.show(part("stage"));
  scene = "room";
  keep(standing.livekitDetails);
}

function fillWindow() {
  document.body.classList.add("in-room");
  part("stage").hidden = false;
}

function load(address) {
  const script = document.createElement("script");
  const loaded = new Promise((resolve, reject) => {
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error(`cannot load ${address}`)));
  });
  script.src = address;
  document.head.append(script);
  return loaded;
}

function close() {
  clearTimeout(renewal);
  room?.dispose();
  room = null;
  part("stage").hidden = true;
  part("stage").replaceChildren();
  document.body.classList.remove("in-room");
}

/** Out again, or not in at all; `how` is a state of the page. */
function leave(how) {
  close();
  scene = "left";
  reveal(how);
  if (LABELS[how]) button.focus();
  look();
}

// === LiveKit: what hosts do with others, and tokens, which are short ===

const hosting = {
  mute: (identity) => call(`people/${person(identity)}/mute`, { audio: true }),
  remove: (identity) => act(`people/${person(identity)}`, "DELETE"),
};

/** In LiveKit a further connection of somebody has a suffix, and the id before it is percent-encoded where it has to be. */
function person(identity) {
  return encodeURIComponent(decodeURIComponent(identity.split("#")[0]));
}

function keep({ token, refreshAfterSeconds }) {
  held = token;
  renewIn(refreshAfterSeconds * 1000);
}

function renewIn(milliseconds) {
  clearTimeout(renewal);
  renewal = setTimeout(renew, milliseconds);
}

/** Whoever may no longer be in the room is told why and leaves it. */
async function renew() {
  renewIn(SLOWEST_MS);
  await fresh();
}

/** A token that is good now; null where there is none, or nobody in the room any more. */
async function fresh() {
  try {
    const standing = await call("waiting", { enter: true });
    if (scene !== "room") return null;
    if (standing.livekitDetails) {
      keep(standing.livekitDetails);
    } else if (standing.state === "denied") {
      goOut("denied");
    } else {
      stay(standing);
    }
  } catch (fault) {
    lost(fault);
  }
  return scene === "room" ? held : null;
}

// === who waits for the host ===

function showLobby({ waiting, denied }) {
  const rows = part("lobby-list");
  const people = [...waiting, ...denied.map((person) => ({ ...person, isDenied: true }))];
  for (const row of [...rows.children]) {
    if (!people.some((person) => person.userId === row.dataset.user)) row.remove();
  }
  for (const person of people) {
    const known = [...rows.children].find((row) => row.dataset.user === person.userId);
    fill(known ?? rows.appendChild(newRow(person.userId)), person);
  }
  part("lobby").hidden = people.length === 0;
  part("lobby-all").hidden = waiting.length < 2;
  say(part("lobby-count"), waiting.length);
}

function newRow(user) {
  const row = part("lobby-row").content.firstElementChild.cloneNode(true);
  row.dataset.user = user;
  row.querySelector("[data-admit]").addEventListener("click", () => admit({ userId: user }));
  row.querySelector("[data-deny]").addEventListener("click", () => admit({ userId: user, admit: false }));
  return row;
}

function fill(row, { name, isDenied = false }) {
  row.querySelector("[data-name]").textContent = name;
  row.querySelector("[data-denied]").hidden = !isDenied;
  row.querySelector("[data-deny]").hidden = isDenied;
  for (const choice of row.querySelectorAll("button")) {
    choice.setAttribute("aria-label", `${choice.textContent}: ${name}`);
  }
}

function say(place, count) {
  const { single, several } = place.dataset;
  const number = new Intl.NumberFormat(locale).format(count);
  const text = count === 0 ? "" : count === 1 ? single : several.replace("{n}", number);
  if (place.textContent !== text) place.textContent = text;
}

async function admit(whom) {
  try {
    showLobby(await call("admit", whom));
  } catch (fault) {
    lost(fault);
  }
}

// === times ===

/** The time may have been changed meanwhile. */
function retime({ startsAt, endsAt, opensAt }) {
  if (part("when") && startsAt) {
    part("when").dateTime = startsAt;
    part("when").dataset.until = endsAt;
  }
  if (opensAt) part("opens").dateTime = opensAt;
  showTimes();
}

function showTimes() {
  const spoken = (moment, options) =>
    new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", ...options }).format(moment);
  const opens = part("opens");
  if (opens.dateTime) put(opens, spoken(new Date(opens.dateTime), { dateStyle: "medium" }));
  const when = part("when");
  if (!when) return;
  const [start, finish] = [new Date(when.dateTime), new Date(when.dataset.until)];
  put(when, spoken(start));
  const there = spoken(start, { timeZone: zone });
  put(part("when-there"), `${there} (${zone})`);
  part("there").hidden = there === spoken(start);
  put(part("minutes"), new Intl.NumberFormat(locale).format(Math.round((finish - start) / 60_000)));
}

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function countDown() {
  const left = until ? new Date(until) - Date.now() - ahead : 0;
  part("countdown").hidden = left <= 0;
  if (left > 0) put(part("remaining"), lasting(left));
}

/** Days where it is days, else hours, minutes and seconds as clocks show them. */
function lasting(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const number = (value, digits = 1) =>
    new Intl.NumberFormat(locale, { minimumIntegerDigits: digits, useGrouping: false }).format(value);
  if (seconds >= 172_800) {
    const days = Math.floor(seconds / 86_400);
    return new Intl.NumberFormat(locale, { style: "unit", unit: "day", unitDisplay: "long" }).format(days);
  }
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const short = `${number(minutes, 2)}:${number(seconds % 60, 2)}`;
  return hours ? `${number(hours)}:${short}` : short;
}

// === beginning ===

part("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});
part("lobby-all").addEventListener("click", () => admit({ all: true }));
document.addEventListener("visibilitychange", () => document.hidden || look());
window.addEventListener("online", look);
setInterval(countDown, 1000);
for (const place of document.querySelectorAll("[data-number]")) {
  put(place, new Intl.NumberFormat(locale).format(Number(place.dataset.number)));
}
showTimes();
reveal(first);
look();

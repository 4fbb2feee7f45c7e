// The page of a meeting: says where one stands, opens the room when one may go in, and lets hosts let people in.

const RHYTHM_MS = 2000;
const SLOWEST_MS = 30_000;
/** States after which nothing more happens, unless somebody changes the meeting. */
const CLOSED = ["cancelled", "over", "in_person"];

const part = (id) => document.getElementById(id);
const { base, meeting, domain, state: first, now: made, zone } = part("app").dataset;
const home = `${base}/api/meetings/${meeting}`;
const language = document.documentElement.lang;
const button = part("enter")?.querySelector("button");

/** door: before the room; room: in it; left: out again; end: nothing is asked any more. */
let scene = "door";
let hasWaited = first === "waiting";
let room = null;
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
  const answer = await fetch(`${home}/${path}`, {
    method: body ? "POST" : "GET",
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Refusal(answer.status, Number(answer.headers.get("Retry-After")) * 1000);
  return (await answer.json()).data;
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
  if (standing.moderator && !CLOSED.includes(standing.state)) show_lobby(await call("waiting"));
  else part("lobby").hidden = true;
  if (scene === "room") return stay(standing);
  if (scene === "left" && !CLOSED.includes(standing.state)) return;
  scene = "door";
  hasWaited ||= standing.state === "waiting" || standing.state === "denied";
  if (standing.state === "ready" && domain && hasWaited) return enter();
  show(standing);
}

/** In the room, only its end matters. A meeting that usher takes for missed can be one that nobody reports. */
function stay({ state, status }) {
  if (state === "cancelled" || (state === "over" && status !== "missed")) {
    close();
    scene = "door";
    reveal(state);
  }
}

function show({ state, waitsFor }) {
  part("waits-for-host").hidden = waitsFor !== "host";
  part("waits-for-admission").hidden = waitsFor === "host";
  reveal(state === "ready" && !domain ? "elsewhere" : state);
}

/** Shows what belongs to a state; what stays is not touched, so that it is read out once. */
function reveal(state) {
  for (const section of document.querySelectorAll("[data-state]:not(#app)")) {
    const isShown = section.dataset.state === state;
    if (section.hidden === isShown) section.hidden = !isShown;
  }
  const label = { ready: "join", left: "back", jitsi_away: "again" }[state];
  if (part("enter")) part("enter").hidden = !label;
  if (button && label) button.textContent = button.dataset[label];
  if (part("alone")) part("alone").hidden = state !== "jitsi_away" || !part("alone").href;
  part("sign-in").hidden = state !== "signed_out";
  until = { too_early: part("opens")?.dateTime }[state];
  count_down();
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
    part("alone").href = standing.link;
    await open(standing.jitsiDetails.embed);
  } catch (fault) {
    scene = "door";
    if (fault instanceof Refusal) {
      lost(fault);
      if (scene !== "end") reveal("ready");
    } else {
      scene = "left";
      reveal("jitsi_away");
    }
  }
}

async function open({ domain: server, ...options }) {
  if (!window.JitsiMeetExternalAPI) await load(`https://${server}/external_api.js`);
  document.body.classList.add("in-room");
  part("stage").hidden = false;
  room = new window.JitsiMeetExternalAPI(server, { ...options, lang: language, parentNode: part("stage") });
  room.addListener("readyToClose", leave);
  scene = "room";
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
  room?.dispose();
  room = null;
  part("stage").hidden = true;
  part("stage").replaceChildren();
  document.body.classList.remove("in-room");
}

function leave() {
  close();
  scene = "left";
  reveal("left");
  button.focus();
  look();
}

// === who waits for the host ===

function show_lobby({ waiting, denied }) {
  const rows = part("lobby-list");
  const people = [...waiting, ...denied.map((person) => ({ ...person, isDenied: true }))];
  for (const row of [...rows.children]) {
    if (!people.some((person) => person.userId === row.dataset.user)) row.remove();
  }
  for (const person of people) {
    const known = [...rows.children].find((row) => row.dataset.user === person.userId);
    fill(known ?? rows.appendChild(new_row(person.userId)), person);
  }
  part("lobby").hidden = people.length === 0;
  part("lobby-all").hidden = waiting.length < 2;
  say(part("lobby-count"), waiting.length);
}

function new_row(user) {
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
  const number = new Intl.NumberFormat(language).format(count);
  const text = count === 0 ? "" : count === 1 ? single : several.replace("{n}", number);
  if (place.textContent !== text) place.textContent = text;
}

async function admit(whom) {
  try {
    show_lobby(await call("admit", whom));
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
  show_times();
}

function show_times() {
  const spoken = (moment, options) =>
    new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short", ...options }).format(moment);
  const opens = part("opens");
  if (opens.dateTime) put(opens, spoken(new Date(opens.dateTime), { dateStyle: "medium" }));
  const when = part("when");
  if (!when) return;
  const [start, finish] = [new Date(when.dateTime), new Date(when.dataset.until)];
  put(when, spoken(start));
  const there = spoken(start, { timeZone: zone });
  put(part("when-there"), `${there} (${zone})`);
  part("there").hidden = there === spoken(start);
  put(part("minutes"), new Intl.NumberFormat(language).format(Math.round((finish - start) / 60_000)));
}

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function count_down() {
  const left = until ? new Date(until) - Date.now() - ahead : 0;
  part("countdown").hidden = left <= 0;
  if (left > 0) put(part("remaining"), lasting(left));
}

/** Days where it is days, else hours, minutes and seconds as clocks show them. */
function lasting(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const number = (value, digits = 1) =>
    new Intl.NumberFormat(language, { minimumIntegerDigits: digits, useGrouping: false }).format(value);
  if (seconds >= 172_800) {
    const days = Math.floor(seconds / 86_400);
    return new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" }).format(days);
  }
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const short = `${number(minutes, 2)}:${number(seconds % 60, 2)}`;
  return hours ? `${number(hours)}:${short}` : short;
}

// === beginning ===

part("enter")?.addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});
part("lobby-all").addEventListener("click", () => admit({ all: true }));
document.addEventListener("visibilitychange", () => document.hidden || look());
window.addEventListener("online", look);
setInterval(count_down, 1000);
show_times();
reveal(first === "ready" && !domain ? "elsewhere" : first);
look();

// The people in the room, each on a tile, and the screens that they share; arranged so that the tiles are as large as can be.

import { Track } from "livekit-client";
import { put, say } from "./words.js";

/** Width to height at which a face looks best; a tile is never narrower than a third of a phone. */
const SHAPE = 4 / 3;
const NARROWEST_PX = 140;
const INITIALS = 2;

export class Tiles {
  #floor;
  #people;
  #screens;
  #form;
  #hosting;
  #resized = new ResizeObserver(() => this.#arrange());

  /** `hosting` is what may be done with others; null where the person does not moderate. */
  constructor(view, hosting) {
    this.#floor = view.querySelector("[data-floor]");
    this.#people = view.querySelector("[data-people]");
    this.#screens = view.querySelector("[data-screens]");
    this.#form = view.querySelector("[data-tile]").content.firstElementChild;
    this.#hosting = hosting;
    this.#resized.observe(this.#people);
    this.#resized.observe(this.#screens);
  }

  dispose() {
    this.#resized.disconnect();
  }

  /** Others in the order in which they came, and oneself at the end. */
  draw(me, others) {
    const people = [...others, me];
    const screens = others.filter((person) => person.isScreenShareEnabled);
    this.#fill(this.#screens, screens, Track.Source.ScreenShare);
    this.#fill(this.#people, people, Track.Source.Camera);
    const pair = others.length === 1 ? "pair" : "grid";
    this.#floor.dataset.layout = screens.length ? "screen" : pair;
    this.#arrange();
  }

  #fill(list, people, source) {
    for (const tile of [...list.children]) {
      if (!people.some((person) => person.identity === tile.dataset.identity)) this.#drop(tile);
    }
    people.forEach((person, at) => {
      const tile = [...list.children].find(({ dataset }) => dataset.identity === person.identity) ?? this.#make(person, source);
      // Moving a tile interrupts its picture.
      if (list.children[at] !== tile) list.insertBefore(tile, list.children[at] ?? null);
      show(tile, person, source);
    });
  }

  #make(person, source) {
    const tile = this.#form.cloneNode(true);
    tile.dataset.identity = person.identity;
    tile.dataset.kind = source === Track.Source.ScreenShare ? "screen" : person.isLocal ? "own" : "person";
    const isHosted = this.#hosting && tile.dataset.kind === "person";
    tile.querySelector("[data-host]").hidden = !isHosted;
    if (isHosted) {
      tile.querySelector("[data-mute]").addEventListener("click", () => this.#hosting.mute(person));
      tile.querySelector("[data-remove]").addEventListener("click", () => this.#hosting.remove(person));
    }
    return tile;
  }

  #drop(tile) {
    turn(tile.querySelector("video"), null);
    tile.remove();
  }

  #arrange() {
    for (const list of [this.#people, this.#screens]) {
      const count = this.#floor.dataset.layout === "pair" ? 1 : list.children.length;
      list.style.setProperty("--columns", columns(count, list.clientWidth, list.clientHeight));
    }
  }
}

/** How many columns make the largest tiles of `count` in that room, in pixels. */
export function columns(count, width, height) {
  const most = Math.max(1, Math.min(count, Math.floor(width / NARROWEST_PX)));
  let best = { columns: 1, area: 0 };
  for (let columns = 1; columns <= most; columns += 1) {
    const [across, down] = [width / columns, height / Math.ceil(count / columns)];
    const area = Math.min(across, down * SHAPE) * Math.min(down, across / SHAPE);
    if (area > best.area) best = { columns, area };
  }
  return best.columns;
}

// === one tile ===

function show(tile, person, source) {
  const name = person.name || person.identity;
  const isScreen = source === Track.Source.ScreenShare;
  const publication = person.getTrackPublication(source);
  const track = publication && !publication.isMuted ? (publication.videoTrack ?? null) : null;
  turn(tile.querySelector("video"), track);
  tile.classList.toggle("has-picture", Boolean(track));
  tile.classList.toggle("is-speaking", !isScreen && person.isSpeaking && person.isMicrophoneEnabled);
  put(tile.querySelector("[data-initials]"), isScreen ? "" : initials(name));
  put(tile.querySelector("[data-name]"), isScreen ? say("screen_of", { name }) : person.isLocal ? say("you") : name);
  tile.querySelector("[data-muted]").hidden = isScreen || person.isMicrophoneEnabled;
  for (const act of ["mute", "remove"]) tile.querySelector(`[data-${act}]`).setAttribute("aria-label", say(act, { name }));
  tile.querySelector("[data-mute]").hidden = !person.isMicrophoneEnabled;
}

/** Shows that track, or nothing. */
function turn(video, track) {
  if (video.shown === track) return;
  video.shown?.detach(video);
  video.shown = track;
  track?.attach(video);
}

/** What stands for somebody without a picture; letters are kept from joining, as Persian ones would. */
function initials(name) {
  const words = name.split(/\s+/).filter(Boolean).slice(0, INITIALS);
  return words.map((word) => [...word][0].toLocaleUpperCase()).join("\u200c");
}

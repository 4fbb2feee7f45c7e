// Shows the room of a LiveKit meeting: goes in, stays in, and says how it ended. `join.js` opens it on the page.

import {
  ConnectionError,
  ConnectionErrorReason,
  DisconnectReason,
  LogLevel,
  Room,
  RoomEvent,
  isBrowserSupported,
  setLogLevel,
} from "livekit-client";
import { Controls } from "./controls.js";
import { Hosting } from "./hosting.js";
import { Notices } from "./notices.js";
import { Sounds } from "./sounds.js";
import { Tiles } from "./tiles.js";
import { count, put } from "./words.js";

// What the library writes to the console can hold a token.
setLogLevel(LogLevel.silent);

/** How a server ends a visit, so that nobody tries to mend it; everything else is a lost connection. */
const ENDINGS = new Map([
  [DisconnectReason.DUPLICATE_IDENTITY, "replaced"],
  [DisconnectReason.PARTICIPANT_REMOVED, "removed"],
  [DisconnectReason.ROOM_DELETED, "ended"],
  [DisconnectReason.ROOM_CLOSED, "ended"],
]);

/** Before each new beginning, after the library has tried to keep the connection for most of a minute: a server that lost
 * its rooms is noticed, and the room made again, within two minutes. */
const PAUSES_MS = [0, 2000, 5000, 10_000, 20_000, 30_000, 30_000, 30_000];

/** Before each new try at a room that is not there yet: usher makes it when its door opens, which may be just now. */
const MAKING_MS = [1000, 2000, 3000, 5000, 5000, 5000];

/** Whatever changes what can be seen. */
const CHANGES = [
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.ParticipantPermissionsChanged,
  RoomEvent.Reconnected,
  RoomEvent.RecordingStatusChanged,
  RoomEvent.TrackMuted,
  RoomEvent.TrackPublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnmuted,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackUnsubscribed,
];

/** Why there is no room to show: a state of the page; and whether it is only that nobody has made the room. */
class NoRoom extends Error {
  constructor(how, isMissing = false) {
    super(`no room: ${how}`);
    this.how = how;
    this.isMissing = isMissing;
  }
}

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Goes in; `show` of the visit that comes of it shows the room, `dispose` takes it away. `ways` is what the page can do:
 * `fresh()` gives a new token, or null where the page has ended the visit; `ended(how)` hears how it ended; `hosting`, where
 * the person moderates, has `mute(identity)` and `remove(identity)`.
 */
export async function open({ server, token, audio }, ways) {
  if (!isBrowserSupported()) throw new NoRoom("unsupported");
  const visit = new Visit({ server, audio }, ways);
  await visit.begin(token);
  return visit;
}

class Visit {
  #room = new Room({ adaptiveStream: true, dynacast: true });
  #view = document.getElementById("room").content.firstElementChild.cloneNode(true);
  #notices = new Notices(this.#view);
  #sounds = new Sounds(this.#view, this.#room);
  #server;
  #ways;
  #tiles;
  #controls;
  #wake = null;
  /** Whether the connection was lost and is begun anew. */
  #isReturning = false;
  #isOver = false;

  constructor({ server, audio }, ways) {
    this.#server = server;
    this.#ways = ways;
    const hosting = ways.hosting && new Hosting(this.#view, this.#notices, ways.hosting);
    this.#tiles = new Tiles(this.#view, hosting);
    this.#controls = new Controls(this.#view, this.#room, this.#notices, { audio });
    this.#view.querySelector("[data-leave]").addEventListener("click", () => this.#end("left"));
  }

  /** Goes in, as soon as there is a room. */
  async begin(token) {
    for (const pause of MAKING_MS) {
      const fault = await this.#goIn(token).catch((fault) => fault);
      if (!fault || this.#isOver) return;
      if (!fault.isMissing) throw fault;
      await wait(pause);
    }
    await this.#goIn(token);
  }

  async #goIn(token) {
    try {
      await this.#room.connect(this.#server, token);
    } catch (fault) {
      const isRefused = fault instanceof ConnectionError && fault.reason === ConnectionErrorReason.NotAllowed;
      throw new NoRoom(isRefused ? "not_let_in" : "server_away", isRefused && fault.status === 404);
    }
    // Whoever has left on the way in is not to be there.
    if (this.#isOver) this.#room.disconnect();
  }

  show(stage) {
    this.#listen();
    stage.append(this.#view);
    this.#view.focus();
    this.#draw();
    this.#keepAwake();
    document.addEventListener("visibilitychange", this.#keepAwake);
    this.#controls.begin();
  }

  /** Takes the room away without a word, whatever it is about; nothing is begun anew after it. */
  dispose() {
    this.#isOver = true;
    document.removeEventListener("visibilitychange", this.#keepAwake);
    this.#wake?.release();
    this.#tiles.dispose();
    this.#controls.dispose();
    this.#room.disconnect();
  }

  // === what happens ===

  #listen() {
    const room = this.#room;
    for (const change of CHANGES) room.on(change, () => this.#draw());
    room.on(RoomEvent.ParticipantConnected, ({ name, identity }) => this.#notices.tell("came", { name: name || identity }));
    room.on(RoomEvent.ParticipantDisconnected, ({ name, identity }) => this.#notices.tell("went", { name: name || identity }));
    room.on(RoomEvent.Reconnecting, () => this.#notices.banner("reconnecting"));
    room.on(RoomEvent.SignalReconnecting, () => this.#notices.banner("reconnecting"));
    room.on(RoomEvent.Reconnected, () => this.#notices.banner(null));
    room.on(RoomEvent.DataReceived, (bytes, sender, _, topic) => this.#hear(bytes, sender, topic));
    room.on(RoomEvent.Disconnected, (reason) => this.#lose(reason));
  }

  /** Only what the server sends has no sender; others can write anything under usher's topic. */
  #hear(bytes, sender, topic) {
    if (sender || topic !== "usher") return;
    try {
      const { type, text } = JSON.parse(new TextDecoder().decode(bytes));
      if (type === "notice" && typeof text === "string") this.#notices.note(text.slice(0, 500), text);
    } catch {
      // Not for us: a later usher may send what this page does not know.
    }
  }

  #lose(reason) {
    if (this.#isOver || this.#isReturning) return;
    const how = ENDINGS.get(reason);
    if (how) this.#end(how);
    else this.#comeBack();
  }

  #end(how) {
    if (this.#isOver) return;
    this.dispose();
    this.#ways.ended(how);
  }

  /** Begins anew with a token that is good now, where the connection could not be kept. */
  async #comeBack() {
    this.#isReturning = true;
    this.#notices.banner("reconnecting");
    this.#draw();
    const fault = await this.#tryAgain();
    this.#isReturning = false;
    if (fault) return this.#end(fault);
    if (this.#isOver) return;
    this.#notices.banner(null);
    this.#draw();
    await this.#controls.resume();
  }

  async #tryAgain() {
    let how;
    for (const pause of PAUSES_MS) {
      // Not all at the same moment, when the server is back.
      await wait(pause * (0.5 + Math.random()));
      const token = this.#isOver ? null : await this.#ways.fresh();
      if (!token || this.#isOver) return null;
      try {
        await this.#goIn(token);
        return null;
      } catch (fault) {
        how = fault.how;
        if (how === "not_let_in" && !fault.isMissing) break;
      }
    }
    return how;
  }

  // === what is shown ===

  #draw() {
    const room = this.#room;
    const people = [...room.remoteParticipants.values()];
    this.#tiles.draw(room.localParticipant, people);
    this.#sounds.draw(people);
    this.#controls.draw(people);
    put(this.#view.querySelector("[data-count]"), count("people", people.length + 1));
    this.#view.querySelector("[data-alone]").hidden = people.length > 0;
    this.#view.querySelector("[data-recorded]").hidden = !room.isRecording;
  }

  /** A phone would go dark while one listens. Browsers give the lock back when the page is not seen. */
  #keepAwake = async () => {
    if (document.hidden) return;
    this.#wake = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.#isOver) this.#wake?.release();
  };
}

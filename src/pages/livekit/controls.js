// The person's own microphone, camera and screen: buttons, and what went wrong with a device.

import { ConnectionState, MediaDeviceFailure, RoomEvent, Track, TrackEvent } from "livekit-client";
import { put, say } from "./words.js";

/** How the library asks the browser for a device of ours, turns it on and off once it has it, and what it is called in
 * permissions. */
const DEVICES = {
  microphone: {
    source: Track.Source.Microphone,
    ask: (me) => me.createTracks({ audio: true }),
    turn: (me, on) => me.setMicrophoneEnabled(on),
    permission: 2,
  },
  camera: {
    source: Track.Source.Camera,
    ask: (me) => me.createTracks({ video: true }),
    turn: (me, on) => me.setCameraEnabled(on),
    permission: 1,
  },
  screen: {
    source: Track.Source.ScreenShare,
    ask: (me) => me.createScreenTracks({ audio: true }),
    turn: (me, on) => me.setScreenShareEnabled(on, { audio: true }),
    permission: 3,
  },
};

const BOTH = ["microphone", "camera"];

const FAULTS = {
  [MediaDeviceFailure.PermissionDenied]: "denied",
  [MediaDeviceFailure.NotFound]: "missing",
  [MediaDeviceFailure.DeviceInUse]: "busy",
};

export class Controls {
  #room;
  #notices;
  #buttons;
  /** Whether it is a meeting without cameras. */
  #audio;
  /** What the person wants on. */
  #wanted;
  #turning = new Set();
  /** What the browser has given and the room does not have yet. */
  #held = new Set();
  /** The tracks that the browser has ended, until it gives another for them. */
  #lost = new WeakSet();
  #isOver = false;

  constructor(view, room, notices, { audio }) {
    this.#room = room;
    this.#notices = notices;
    this.#audio = audio;
    this.#wanted = { microphone: true, camera: !audio, screen: false };
    const all = [...view.querySelectorAll("[data-device]")];
    this.#buttons = new Map(all.map((button) => [button.dataset.device, button]));
    for (const [device, button] of this.#buttons) {
      button.addEventListener("click", () => this.#turn(device, !this.#isOn(device)));
    }
    room.on(RoomEvent.LocalTrackPublished, (publication) => this.#watch(publication));
    room.on(RoomEvent.TrackMuted, (publication, person) => this.#muted(publication, person));
  }

  /** Asks for both at once, so that the browser asks once; and for each by itself, where one of them is not to be had. */
  async begin() {
    if (BOTH.every((device) => this.#wanted[device] && this.#may(device))) {
      const ask = (me) => me.createTracks({ audio: true, video: true });
      if (!(await this.#while(BOTH, () => this.#show(ask)))) return;
    }
    await this.resume();
  }

  /** Turns on what was on, after the connection began anew. A screen is asked for each time: nobody else can choose it. */
  async resume() {
    if (!this.#may("microphone") && !this.#may("camera")) this.#notices.note(say("listening"), "listening");
    this.#wanted.screen = false;
    for (const device of BOTH) {
      if (this.#wanted[device] && this.#may(device)) await this.#turn(device, true);
    }
    this.draw();
  }

  /** Nothing is turned on any more; the room turns off what it has, and this what it does not have yet. */
  dispose() {
    this.#isOver = true;
    stop(this.#held);
  }

  draw(people = [...this.#room.remoteParticipants.values()]) {
    const isShown = this.#isOn("camera") || people.some((person) => person.isCameraEnabled);
    for (const [device, button] of this.#buttons) {
      const isOn = this.#isOn(device);
      put(button.querySelector("[data-label]"), button.dataset[isOn ? "whenOn" : "whenOff"]);
      button.dataset.state = isOn ? "on" : "off";
      // A meeting without cameras stays one until somebody shows themselves by other means.
      const isOffered = device !== "camera" || !this.#audio || isShown;
      button.hidden = !this.#may(device) || !isOffered;
    }
  }

  async #turn(device, on) {
    if (this.#isOver || this.#turning.has(device)) return;
    this.#wanted[device] = on;
    const fault = await this.#while([device], () => this.#bring(device, on));
    if (this.#isOver) return;
    if (fault) {
      this.#wanted[device] = false;
      this.#explain(device, fault);
    } else {
      this.#notices.clear(device);
    }
  }

  /** Does that with nobody else at these devices; what went wrong, or nothing. */
  async #while(devices, act) {
    for (const device of devices) this.#turning.add(device);
    const fault = await act().then(
      () => null,
      (fault) => fault,
    );
    for (const device of devices) this.#turning.delete(device);
    this.draw();
    return fault;
  }

  #bring(device, on) {
    const { source, ask, turn } = DEVICES[device];
    const me = this.#room.localParticipant;
    // While the library mends the connection, it alone knows what it is about to publish again.
    const isNew = this.#room.state !== ConnectionState.Reconnecting && !me.getTrackPublication(source);
    return on && isNew ? this.#show(ask) : turn(me, on);
  }

  /** The browser asks the person, for as long as they like: where the visit has ended meanwhile, nothing stays on. */
  async #show(ask) {
    const me = this.#room.localParticipant;
    const tracks = await ask(me);
    if (this.#isOver) return stop(tracks);
    for (const track of tracks) this.#held.add(track);
    try {
      await Promise.all(tracks.map((track) => me.publishTrack(track)));
    } catch (fault) {
      stop(tracks);
      throw fault;
    } finally {
      for (const track of tracks) this.#held.delete(track);
    }
  }

  #explain(device, fault) {
    const why = FAULTS[MediaDeviceFailure.getFailure(fault)] ?? "failed";
    // Whoever closes the browser's list of screens has changed their mind.
    if (device === "screen" && why === "denied") return;
    this.#notices.note(say(`${device}_${device === "screen" ? "failed" : why}`), device);
  }

  /** That it has ended does not show afterwards: the library ends the track of a camera itself, whoever turns it off. */
  #watch({ track }) {
    track.on(TrackEvent.Ended, () => this.#lost.add(track));
    track.on(TrackEvent.Restarted, () => this.#lost.delete(track));
  }

  /** It was turned off, and not by this person: the device is lost and the library found no other, or somebody else did it, a
   * host or the program that runs the meeting. */
  #muted({ source, track }, person) {
    const [device] = Object.entries(DEVICES).find(([, one]) => one.source === source) ?? [];
    if (person !== this.#room.localParticipant || !this.#wanted[device] || this.#turning.has(device)) return;
    this.#wanted[device] = false;
    if (this.#lost.has(track)) this.#explainLoss(device);
    else if (device === "microphone") this.#notices.note(say("muted_by_host"), device);
  }

  /** The browser does not say why it takes a device away: it is gone, unless the page may no longer have it. */
  async #explainLoss(device) {
    const { state } = (await navigator.permissions?.query({ name: device }).catch(() => null)) ?? {};
    this.#notices.note(say(`${device}_${state === "denied" ? "denied" : "missing"}`), device);
  }

  #isOn(device) {
    const publication = this.#room.localParticipant.getTrackPublication(DEVICES[device].source);
    return Boolean(publication?.track && !publication.isMuted);
  }

  /** What the token allows; a screen also needs a browser that can capture one, which phones do not. */
  #may(device) {
    const { canPublish = true, canPublishSources = [] } = this.#room.localParticipant.permissions ?? {};
    const { permission } = DEVICES[device];
    const isAllowed = canPublish && (!canPublishSources.length || canPublishSources.includes(permission));
    return isAllowed && (device !== "screen" || Boolean(navigator.mediaDevices?.getDisplayMedia));
  }
}

function stop(tracks) {
  for (const track of tracks) track.stop();
}

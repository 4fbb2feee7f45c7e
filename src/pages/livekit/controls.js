// The person's own microphone, camera and screen: buttons, and what went wrong with a device.

import { MediaDeviceFailure, RoomEvent, Track } from "livekit-client";
import { put, say } from "./words.js";

/** How the library turns a device of ours on and off, and what it is called in permissions. */
const DEVICES = {
  microphone: { source: Track.Source.Microphone, turn: (me, on) => me.setMicrophoneEnabled(on), permission: 2 },
  camera: { source: Track.Source.Camera, turn: (me, on) => me.setCameraEnabled(on), permission: 1 },
  screen: { source: Track.Source.ScreenShare, turn: (me, on) => me.setScreenShareEnabled(on, { audio: true }), permission: 3 },
};

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
    room.on(RoomEvent.TrackMuted, (publication, person) => this.#muted(publication, person));
  }

  /** Asks for both at once, so that the browser asks once; and for each by itself, where one of them is not to be had. */
  async begin() {
    const { microphone, camera } = this.#wanted;
    if (microphone && camera && this.#may("microphone") && this.#may("camera")) {
      const both = await this.#room.localParticipant.enableCameraAndMicrophone().then(
        () => true,
        () => false,
      );
      this.draw();
      if (both) return;
    }
    await this.resume();
  }

  /** Turns on what was on, after the connection began anew. A screen is asked for each time: nobody else can choose it. */
  async resume() {
    if (!this.#may("microphone") && !this.#may("camera")) this.#notices.note(say("listening"), "listening");
    this.#wanted.screen = false;
    for (const device of ["microphone", "camera"]) {
      if (this.#wanted[device] && this.#may(device)) await this.#turn(device, true);
    }
    this.draw();
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
    if (this.#turning.has(device)) return;
    this.#turning.add(device);
    this.#wanted[device] = on;
    try {
      await DEVICES[device].turn(this.#room.localParticipant, on);
      this.#notices.clear(device);
    } catch (fault) {
      this.#wanted[device] = false;
      this.#explain(device, fault);
    }
    this.#turning.delete(device);
    this.draw();
  }

  #explain(device, fault) {
    const why = FAULTS[MediaDeviceFailure.getFailure(fault)] ?? "failed";
    // Whoever closes the browser's list of screens has changed their mind.
    if (device === "screen" && why === "denied") return;
    this.#notices.note(say(`${device}_${device === "screen" ? "failed" : why}`), device);
  }

  /** Somebody else has turned it off: a host, or the program that runs the meeting. */
  #muted({ source }, person) {
    const [device] = Object.entries(DEVICES).find(([, one]) => one.source === source) ?? [];
    if (person !== this.#room.localParticipant || !this.#wanted[device] || this.#turning.has(device)) return;
    this.#wanted[device] = false;
    if (device === "microphone") this.#notices.note(say("muted_by_host"), device);
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

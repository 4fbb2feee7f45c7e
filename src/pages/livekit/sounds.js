// What the others say. Browsers may hold sound back until the person has pressed something; then there is a button for it.

import { RoomEvent } from "livekit-client";

export class Sounds {
  #room;
  #place;
  #button;

  constructor(view, room) {
    this.#room = room;
    this.#place = view.querySelector("[data-sounds]");
    this.#button = view.querySelector("[data-sound]");
    this.#button.addEventListener("click", () => room.startAudio());
    room.on(RoomEvent.AudioPlaybackStatusChanged, () => this.#ask());
  }

  /** One element for each track that is received. */
  draw(people) {
    const tracks = people.flatMap((person) => [...person.audioTrackPublications.values()]).flatMap(({ track }) => track ?? []);
    for (const element of [...this.#place.children]) {
      if (!tracks.some((track) => track.attachedElements.includes(element))) element.remove();
    }
    for (const track of tracks) if (!track.attachedElements.length) this.#place.append(track.attach());
    this.#ask();
  }

  #ask() {
    this.#button.hidden = this.#room.canPlaybackAudio;
  }
}

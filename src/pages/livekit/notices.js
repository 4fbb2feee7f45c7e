// What the room tells people: a banner while the connection is lost, notices that stay until they are closed, and who comes
// and goes, for those who listen to the page.

import { put, say } from "./words.js";

/** More would cover the people. */
const MOST = 3;

export class Notices {
  #list;
  #banner;
  #told;
  #form;

  constructor(view) {
    this.#list = view.querySelector("[data-notices]");
    this.#banner = view.querySelector("[data-banner]");
    this.#told = view.querySelector("[data-told]");
    this.#form = view.querySelector("[data-notice]").content.firstElementChild;
  }

  /** A word of the room's, or null where there is nothing to say any more. */
  banner(word) {
    put(this.#banner, word ? say(word) : "");
    this.#banner.hidden = !word;
  }

  /** Another notice about the same thing takes its place. */
  note(text, about) {
    this.clear(about);
    const row = this.#form.cloneNode(true);
    row.dataset.about = about;
    row.querySelector("[data-text]").textContent = text;
    row.querySelector("button").addEventListener("click", () => row.remove());
    this.#list.append(row);
    while (this.#list.children.length > MOST) this.#list.firstElementChild.remove();
  }

  clear(about) {
    for (const row of [...this.#list.children]) if (row.dataset.about === about) row.remove();
  }

  /** Read out, and not shown: it can be seen. */
  tell(word, values) {
    put(this.#told, say(word, values));
  }
}

// What somebody who moderates does with others: mute them, put them out. usher does it, at the server.

import { say } from "./words.js";

export class Hosting {
  #notices;
  #ways;
  #question;

  constructor(view, notices, ways) {
    this.#notices = notices;
    this.#ways = ways;
    this.#question = view.querySelector("[data-question]");
  }

  mute({ identity }) {
    return this.#try(() => this.#ways.mute(identity));
  }

  async remove({ name, identity }) {
    if (await this.#asks(say("really_remove", { name: name || identity }))) {
      await this.#try(() => this.#ways.remove(identity));
    }
  }

  /** Whether the person means it. */
  #asks(question) {
    const dialog = this.#question;
    dialog.querySelector("p").textContent = question;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((answer) => {
      dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    });
  }

  async #try(act) {
    try {
      await act();
      this.#notices.clear("hosting");
    } catch {
      this.#notices.note(say("not_done"), "hosting");
    }
  }
}

// What the room says: the page brings the words, in its language.

const words = document.getElementById("room-words").content;

/** The name of somebody keeps its own direction within the sentence. */
export function say(word, { name = "" } = {}) {
  return text(word).replace("{name}", () => `\u2068${name}\u2069`);
}

/** Of one or of several; `{n}` stands for the number, written as the page writes them. */
export function count(word, number) {
  const n = new Intl.NumberFormat(document.documentElement.lang).format(number);
  return text(number === 1 ? `${word}_one` : `${word}_many`).replace("{n}", n);
}

function text(word) {
  return words.querySelector(`[data-word="${word}"]`).textContent;
}

/** Another text is read out; the same one is not. */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// What the room says: the page brings the words, in its language.

const words = document.getElementById("room-words").content;

/** `values` fills the braces. Names keep their own direction within the sentence. */
export function say(word, values = {}) {
  const text = words.querySelector(`[data-word="${word}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/** Of one or of several; `{n}` stands for the number, written as the page writes them. */
export function count(word, number) {
  const n = new Intl.NumberFormat(document.documentElement.lang).format(number);
  return say(number === 1 ? `${word}_one` : `${word}_many`, { n });
}

/** Another text is read out; the same one is not. */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

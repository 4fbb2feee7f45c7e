// What a page must be for people who see, hear or operate it differently; runs inside the page.

/** Sentences about what is wrong with the page that is open. It must not use anything outside itself. */
export function complaints() {
  const found = [];
  const visible = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(visible);
  const named = (element) => `${element.tagName.toLowerCase()}#${element.id} "${element.textContent.trim()}"`;

  function numbers(colour) {
    return colour.match(/[\d.]+/g).map(Number);
  }

  function luminance([red, green, blue]) {
    const linear = [red, green, blue]
      .map((channel) => channel / 255)
      .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  /** WCAG 2.2, "contrast ratio". */
  function contrast(one, other) {
    const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (bright + 0.05) / (dark + 0.05);
  }

  /** The nearest background that is not transparent; ours are either that or opaque. */
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
      if (colour[3] !== 0) found.push(`${named(at)} has a background that shines through`);
    }
    return [255, 255, 255];
  }

  if (!document.title.trim()) found.push("no title");
  if (!document.documentElement.lang) found.push("no language");
  if (all("h1").length > 1) found.push("more than one heading of the first order");

  for (const field of all("input")) {
    if (!field.labels.length) found.push(`${named(field)} has no label`);
    const edge = contrast(numbers(getComputedStyle(field).borderTopColor), behind(field.parentElement));
    if (edge < 3) found.push(`the edge of ${named(field)} is hard to see: ${edge.toFixed(2)}`);
  }
  for (const target of all("a, button")) {
    if (!(target.getAttribute("aria-label") ?? target.textContent).trim()) found.push(`${named(target)} has no name`);
  }
  for (const target of all("a, button, input")) {
    const { width, height } = target.getBoundingClientRect();
    if (height < 44 || width < 44) found.push(`${named(target)} is small: ${width} x ${height}`);
  }
  for (const element of all("body *")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!speaks) continue;
    const ratio = contrast(numbers(getComputedStyle(element).color), behind(element));
    if (ratio < 4.5) found.push(`${named(element)} is hard to read: ${ratio.toFixed(2)}`);
  }
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) found.push(`wider than the window: ${page.scrollWidth}`);
  return found;
}

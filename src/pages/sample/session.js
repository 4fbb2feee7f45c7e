// What this tab knows of a sign-in. sessionStorage ends with the tab and is not sent anywhere.

const KEY = "usher-sample";

/** Takes the token out of the address at once: histories and logs keep addresses. */
export function arrive() {
  const query = new URLSearchParams(location.search);
  const token = query.get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  sessionStorage.setItem(KEY, JSON.stringify({ token, next: query.get("next") ?? "/" }));
}

/** The token, and the path that was asked for. */
export function remembered() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

/** `/team1` is the room team1, `/clinic/team1` the room team1 of the tenant clinic. */
export function roomOf(next) {
  return next.slice(1).split("/").map(decodeURIComponent).join("/");
}

// The doctor goes to the meeting server: it refuses their token, and then it is away.

import { arrive, stands } from "../visit.mjs";

const SCRIPT = /^\/usher\/assets\/room-[0-9a-f]+\.js$/;

export async function play(stage, story) {
  const { language, meeting, livekit, password } = story;
  stage.expectSite(livekit);
  // What a browser says of a WebSocket that is refused, and of the question why.
  stage.expect("failed", SCRIPT);
  stage.expect("Failed to load resource", /^\/rtc\/v1\/validate$/);
  const doctor = await stage.person({ language });
  const loaded = [];
  doctor.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await arrive(doctor, meeting, story.doctor, password);
  await stands(doctor, "ready");
  const before = loaded.some((path) => SCRIPT.test(path));
  if (before) throw new Error("the room is loaded before anybody wants it");
  const refused = await outcome(stage, doctor, "not_let_in");

  // From here on nobody listens there, as far as this browser sees.
  await doctor.context().route(`${livekit}/**`, (route) => route.abort("connectionrefused"));
  await doctor.routeWebSocket(`${livekit.replace("http", "ws")}/**`, (socket) => socket.close());
  const away = await outcome(stage, doctor, "server_away");
  stage.assertClean();
  return { refused, away };
}

async function outcome(stage, page, state) {
  await page.locator("#enter button").click();
  await stands(page, state);
  await stage.look(page, `livekit-${state}`);
  const text = await page.locator(`section[data-state=${state}]`).textContent();
  return text.trim();
}

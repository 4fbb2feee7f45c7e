// Somebody leaves while the connection is lost, and stays out.

import assert from "node:assert/strict";
import { arrive, stands } from "../visit.mjs";

/** LiveKit's `SignalResponse { leave: { reason: SERVER_SHUTDOWN } }`: it goes away, and the page is to begin anew. */
const SHUTDOWN = Buffer.from([0x42, 0x02, 0x10, 0x03]);
/** Longer than the page tries to come back. */
const LATER_MS = 600_000;

export async function play(stage, story) {
  stage.expectSite(story.livekit);
  await leaves(stage, story);
  stage.assertClean();
}

async function leaves(stage, { language, livekit, meeting, doctor, password }) {
  const page = await stage.person({ language });
  await page.clock.install();
  const line = await tap(page, livekit);
  await enter(page, meeting, doctor, password);
  await page.locator("[data-alone]").waitFor();

  const tried = line.cut();
  await page.locator("[data-banner]").waitFor();
  await tried;
  await page.locator("[data-leave]").click();
  await stands(page, "left");
  const tries = line.tries();
  await page.clock.runFor(LATER_MS);
  await stands(page, "left");
  assert.equal(await page.locator("#stage").isVisible(), false);
  assert.equal(line.tries(), tries, "nothing was tried any more");
}

/** The page's line to LiveKit, which can be cut; then nothing comes through any more. */
async function tap(page, livekit) {
  let tries = 0;
  let isCut = false;
  let line = null;
  let heard;
  await page.routeWebSocket(`${livekit.replace("http", "ws")}/**`, (route) => {
    tries += 1;
    if (isCut) {
      heard();
      return route.close();
    }
    line = route;
    route.connectToServer();
  });
  const cut = () => {
    isCut = true;
    const tried = new Promise((done) => (heard = done));
    line.send(SHUTDOWN);
    return tried;
  };
  return { cut, tries: () => tries };
}

async function enter(page, meeting, username, password) {
  await arrive(page, meeting, username, password);
  await stands(page, "ready");
  await page.locator("#enter button").click();
  await page.locator(".room").waitFor();
}

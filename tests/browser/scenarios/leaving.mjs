// Somebody leaves while the connection is lost, and stays out; somebody else while the browser asks for their devices, and
// nothing stays on.

import assert from "node:assert/strict";
import { enter, stands } from "../visit.mjs";

/** LiveKit's `SignalResponse { leave: { reason: SERVER_SHUTDOWN } }`: it goes away, and the page is to begin anew. */
const SHUTDOWN = Buffer.from([0x42, 0x02, 0x10, 0x03]);
/** Longer than the page tries to come back. */
const LATER_MS = 600_000;

export async function play(stage, story) {
  stage.expectSite(story.livekit);
  await leavesWithoutConnection(stage, story);
  await leavesBeforeAllowing(stage, story);
  stage.assertClean();
}

async function leavesWithoutConnection(stage, { language, livekit, meeting, doctor, password }) {
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

async function leavesBeforeAllowing(stage, { language, meeting, patient, password }) {
  const page = await stage.person({ language });
  await page.clock.install();
  await page.addInitScript(askPatiently);
  await enter(page, meeting, patient, password);
  await page.waitForFunction(() => window.allow);
  await page.locator("[data-leave]").click();
  await stands(page, "left");
  // Nothing is turned off because time has passed.
  await page.clock.pauseAt(Date.now() + LATER_MS);
  await page.evaluate(() => window.allow());
  await page.waitForFunction(() => window.given.length && window.given.every(({ readyState }) => readyState === "ended"));
  assert.equal(await page.evaluate(() => window.asked), 1, "nobody was asked again");
}

/** As with a person in front of it, the browser gives no device before that person allows it. */
function askPatiently() {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.asked = 0;
  window.given = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.asked += 1;
    await new Promise((done) => (window.allow = done));
    const stream = await ask(wanted);
    window.given.push(...stream.getTracks());
    return stream;
  };
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

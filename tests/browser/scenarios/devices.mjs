// A call without cameras, in which one person has no microphone and the other does not let the page use it.

import assert from "node:assert/strict";
import { arrive, stands } from "../visit.mjs";

export async function play(stage, story) {
  const { language, livekit } = story;
  stage.expectSite(livekit);
  const missing = await without(stage, story, story.doctor, "NotFoundError");
  const denied = await without(stage, story, story.patient, "NotAllowedError");
  await stage.look(denied.page, `${language}-call-denied`);
  stage.assertClean();
  return { missing: missing.said, denied: denied.said };
}

/** In the room with a browser that has no microphone to give, for that reason; and what the room says about it. */
async function without(stage, { language, meeting, password }, username, reason) {
  const page = await stage.person({ language });
  await page.addInitScript((reason) => {
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException("none", reason);
    };
  }, reason);
  await arrive(page, meeting, username, password);
  await stands(page, "ready");
  await page.locator("#enter button").click();
  await page.locator("[data-notices] .notice").waitFor();
  assert.equal(await page.locator("[data-device=camera]").isVisible(), false);
  assert.equal(await page.locator("[data-device=microphone]").getAttribute("data-state"), "off");
  return { page, said: await page.locator("[data-notices] [data-text]").allTextContents() };
}

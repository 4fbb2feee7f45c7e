// A headset and a camera are unplugged in the middle of a meeting, and plugged in again; then the page may not have them any more.

import { enter } from "../visit.mjs";

export async function play(stage, { language, livekit, meeting, doctor, password }) {
  stage.expectSite(livekit);
  const page = await stage.person({ language });
  await page.addInitScript(pluggable);
  await enter(page, meeting, doctor, password);
  for (const device of ["microphone", "camera"]) await turned(page, device, "on");
  const microphone = await lose(page, "microphone", "audio", "granted");
  const camera = await lose(page, "camera", "video", "granted");
  const withdrawn = await lose(page, "microphone", "audio", "denied");
  stage.assertClean();
  return { microphone, camera, withdrawn };
}

/** What the room says when a device is gone; and it can be had again. */
async function lose(page, device, kind, permission) {
  await page.evaluate(([kind, permission]) => window.unplug(kind, permission), [kind, permission]);
  await turned(page, device, "off");
  await page.locator("[data-notices] .notice").waitFor();
  const said = await page.locator("[data-notices] [data-text]").allTextContents();
  await page.evaluate(() => window.plugIn());
  await page.locator(`[data-device=${device}]`).click();
  await turned(page, device, "on");
  await page.locator("[data-notices] .notice").waitFor({ state: "detached" });
  return said;
}

function turned(page, device, state) {
  return page.locator(`[data-device=${device}][data-state=${state}]`).waitFor();
}

/** Devices that can be taken away, as browsers do it: what they gave ends, and they give nothing else. */
function pluggable() {
  const media = navigator.mediaDevices;
  const ask = media.getUserMedia.bind(media);
  const given = [];
  let isThere = true;
  let state = "granted";
  navigator.permissions.query = async () => ({ state });
  media.getUserMedia = async (wanted) => {
    if (!isThere) throw new DOMException("none", state === "denied" ? "NotAllowedError" : "NotFoundError");
    const stream = await ask(wanted);
    given.push(...stream.getTracks());
    return stream;
  };
  window.unplug = (kind, permission) => {
    isThere = false;
    state = permission;
    const live = given.filter((track) => track.kind === kind && track.readyState === "live");
    for (const track of live) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
  };
  window.plugIn = () => {
    isThere = true;
    state = "granted";
  };
}

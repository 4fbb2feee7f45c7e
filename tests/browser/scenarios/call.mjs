// A doctor and a patient in a room of LiveKit: they see each other, one is muted and hears what usher says, comes again from
// another device, is put out; then the meeting is called off.

import assert from "node:assert/strict";
import { callOff, enter, stands } from "../visit.mjs";

export async function play(stage, story) {
  const { language, meeting, room, livekit, control, usher, password } = story;
  const name = (step) => `${language}-call-${step}`;
  stage.expectSite(livekit);
  const doctor = await stage.person({ language });
  await enter(doctor, meeting, story.doctor, password);
  await doctor.locator("[data-alone]").waitFor();
  await stage.look(doctor, name("1-alone"));
  const patient = await stage.person({ language });
  await enter(patient, meeting, story.patient, password);
  for (const page of [doctor, patient]) await seesSomebody(page);
  await doctor.locator("[data-alone]").waitFor({ state: "hidden" });
  const count = await doctor.locator("[data-count]").textContent();
  await stage.look(doctor, name("2-doctor"));

  await press(patient, "microphone", "off");
  await doctor.locator("[data-kind=person] [data-muted]").waitFor();
  await press(patient, "microphone", "on");
  await press(patient, "camera", "off");
  await doctor.locator("[data-kind=person]:not(.has-picture)").waitFor();
  await press(patient, "camera", "on");
  await seesSomebody(doctor);

  await doctor.locator("[data-kind=person] [data-mute]").click();
  const muted = await told(patient);
  await stage.look(patient, name("3-muted"));
  await press(patient, "microphone", "on");
  await patient.locator("[data-notices] .notice").waitFor({ state: "detached" });

  await say(livekit, control, room, { type: "notice", text: "The meeting ends in 5 minutes." });
  const notice = await told(patient);
  await patient.locator("[data-notices] button").click();
  await patient.locator("[data-notices] .notice").waitFor({ state: "detached" });

  const again = await stage.person({ language });
  await enter(again, meeting, story.patient, password);
  await stands(patient, "replaced");
  await stage.look(patient, name("4-replaced"));
  await seesSomebody(again);
  await again.locator("[data-leave]").focus();
  await again.keyboard.press("Enter");
  await stands(again, "left");
  await doctor.locator("[data-alone]").waitFor();
  await again.locator("#enter button").click();
  await seesSomebody(again);

  await seesSomebody(doctor);
  await doctor.locator("[data-kind=person] [data-remove]").click();
  await stage.look(doctor, name("5-question"));
  await doctor.locator("dialog [value=no]").click();
  assert.equal(await doctor.locator("dialog").isVisible(), false);
  await doctor.locator("[data-kind=person] [data-remove]").click();
  await doctor.locator("dialog [value=yes]").click();
  await stands(again, "removed");
  await stage.look(again, name("6-removed"));

  await callOff(usher, meeting);
  await stands(doctor, "cancelled");
  assert.equal(await doctor.locator("#stage").isVisible(), false);
  stage.assertClean();
  return { count, notice, muted };
}

/** A picture of somebody else moves. */
async function seesSomebody(page) {
  await page.locator("[data-kind=person].has-picture").waitFor();
  await page.waitForFunction(() => document.querySelector("[data-kind=person] video")?.currentTime > 0);
}

/** Presses the button of a device and waits until that is as it should be. */
async function press(page, device, state) {
  const button = page.locator(`[data-device=${device}]`);
  await button.click();
  await page.locator(`[data-device=${device}][data-state=${state}]`).waitFor();
}

async function told(page) {
  const notice = page.locator("[data-notices] [data-text]");
  await notice.waitFor();
  return notice.textContent();
}

/** Sends to everybody in a room what usher would send. */
async function say(livekit, token, room, message) {
  const data = Buffer.from(JSON.stringify(message)).toString("base64");
  const answer = await fetch(`${livekit}/twirp/livekit.RoomService/SendData`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ room, data, kind: "RELIABLE", topic: "usher" }),
  });
  if (!answer.ok) throw new Error(`LiveKit answered ${answer.status}`);
}

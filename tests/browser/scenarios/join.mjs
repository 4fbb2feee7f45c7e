// A patient waits, the doctor comes, sees that and lets the patient in; both are in the room until it is called off.

import assert from "node:assert/strict";
import { SITE } from "../stage.mjs";
import { arrive, callOff, comeIn, stands } from "../visit.mjs";

export async function play(stage, story) {
  const { language, meeting, room, usher, password } = story;
  const name = (step) => `${language}-join-${step}`;
  const patient = await stage.person({ language });
  await arrive(patient, meeting, story.patient, password);
  await stands(patient, "waiting");
  await stage.look(patient, name("1-waiting"));

  const doctor = await stage.person({ language });
  await arrive(doctor, meeting, story.doctor, password);
  await stands(doctor, "ready");
  await doctor.locator("#lobby-list li").waitFor();
  assert.equal(await doctor.locator("#lobby-list [data-name]").textContent(), "Ann Bell");
  const count = await doctor.locator("#lobby-count").textContent();
  await stage.look(doctor, name("2-host"));
  const calendar = await doctor.context().newPage();
  await calendar.goto(`${SITE}/calendar.html?meeting=${meeting}`);
  await calendar.waitForFunction(() => window.statuses.includes("scheduled"));

  await doctor.locator("#enter button").focus();
  await doctor.keyboard.press("Enter");
  const doctorsRoom = await given(doctor);
  await comeIn(usher, room, story.doctorsId);
  await calendar.waitForFunction(() => window.statuses.includes("active"));
  await stage.look(doctor, name("3-in-room"));
  await doctor.locator("#lobby-list [data-admit]").click();
  const patientsRoom = await given(patient);
  assert.equal(patientsRoom.lang, language.slice(0, 2));
  await comeIn(usher, room, "u-patient");
  await doctor.locator("#lobby").waitFor({ state: "hidden" });

  await patient.evaluate(() => window.meeting.listeners.readyToClose());
  await stands(patient, "left");
  await stage.look(patient, name("4-left"));
  await patient.locator("#enter button").click();
  await given(patient);

  await callOff(usher, meeting);
  for (const page of [patient, doctor]) {
    await stands(page, "cancelled");
    assert.equal(await page.locator("#stage").isVisible(), false);
  }
  await stage.look(patient, name("5-cancelled"));
  await calendar.waitForFunction(() => window.statuses.includes("cancelled"));
  const statuses = await calendar.evaluate(() => window.statuses);
  stage.assertClean();
  return { doctor: doctorsRoom, patient: patientsRoom, count, statuses };
}

/** What the External API was given, once the room is there. */
async function given(page) {
  await page.waitForFunction(() => window.given);
  await page.locator("#stage iframe").waitFor();
  return page.evaluate(() => window.given);
}

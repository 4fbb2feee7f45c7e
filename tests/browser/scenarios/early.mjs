// Somebody is early; then the connection is lost and comes back, the meeting is called off, and they are signed out.

import { arrive, callOff, stands } from "../visit.mjs";

export async function play(stage, { meeting, usher, patient, doctor, password }) {
  const page = await stage.person();
  await arrive(page, meeting, patient, password);
  await stands(page, "too_early");
  await page.locator("#countdown").waitFor();
  const left = await page.locator("#remaining").textContent();
  const people = await page.locator(".names li").allTextContents();
  await stage.look(page, "join-early");

  const path = `/usher/api/meetings/${meeting}/waiting`;
  stage.expect("net::ERR_FAILED", path);
  await page.route(`**${path}`, (route) => route.abort());
  await page.locator("#away").waitFor();
  await stage.look(page, "join-away");
  await page.unroute(`**${path}`);
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await page.locator("#away").waitFor({ state: "hidden" });

  const other = await stage.person();
  await arrive(other, meeting, doctor, password);
  await stands(other, "too_early");
  stage.expect("status of 401", path);
  await other.context().clearCookies();
  await stands(other, "signed_out");
  await stage.look(other, "join-signed-out");
  await other.locator("#sign-in").click();
  await other.locator("#password").waitFor();

  await callOff(usher, meeting);
  await stands(page, "cancelled");
  stage.assertClean();
  return { left, people };
}

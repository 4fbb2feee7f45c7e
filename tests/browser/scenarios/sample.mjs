// A person asks for a room on the sample pages, mistypes the password, signs in, goes in, comes out and signs out.

import assert from "node:assert/strict";
import { SITE } from "../stage.mjs";

const PAGES = `${SITE}/usher/client_apps/jitsi_meet`;

const WORDS = {
  "en-GB": { direction: "ltr", room: "Room", show: "Show password" },
  "fa-IR": { direction: "rtl", room: "نام اتاق", show: "نمایش رمز عبور" },
};

export async function play(stage, { language, room, username, password }) {
  const words = WORDS[language];
  const page = await stage.person({ language });
  const name = (step) => `${language}-${step}`;
  stage.expect("status of 401", "/usher/sso/login/");
  stage.expect("status of 401", "/usher/sso/api/user-info/");

  await page.goto(`${PAGES}/`);
  await stage.look(page, name("1-ask"));
  await page.getByLabel(words.room, { exact: true }).fill(room);
  await page.keyboard.press("Enter");

  await page.waitForURL(`${SITE}/usher/sso/login/**`);
  assert.equal(await page.locator("html").getAttribute("dir"), words.direction);
  assert.equal(await page.locator(".facts dd").first().textContent(), room);
  await stage.look(page, name("2-sign-in"));
  const [wrong, forgotten] = await mistype(page, username, words);
  await stage.look(page, name("3-wrong"));
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");

  await page.waitForURL(`${PAGES}/callback.html`);
  await page.locator("#signed-in").waitFor();
  await page.locator("#check").click();
  await page.locator("#valid").waitFor();
  await stage.look(page, name("4-signed-in"));
  const user = await page.locator("#signed-in dl").innerText();
  const { token } = await page.evaluate(() => JSON.parse(sessionStorage.getItem("usher-sample")));

  const given = await visit(page);
  await page.locator("#signed-in").waitFor();
  const again = await signInAgain(page);
  await page.locator("#sign-out").click();
  await page.locator("#signed-out").waitFor();
  await stage.look(page, name("5-signed-out"));
  const code = await page.locator("#code").textContent();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  stage.assertClean();
  return { wrong, forgotten, user, token, again, given, code };
}

/** By keyboard alone; what the page says then, and what became of the name. */
async function mistype(page, username, words) {
  await focusOn(page, "username");
  await page.keyboard.type(username);
  await page.keyboard.press("Tab");
  await focusOn(page, "password");
  await page.keyboard.type("not the password");
  await page.getByRole("button", { name: words.show }).click();
  assert.equal(await page.locator("#password").getAttribute("type"), "text");
  await focusOn(page, "password");
  await page.keyboard.press("Enter");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.equal(await page.locator("#username").inputValue(), username);
  await focusOn(page, "password");
  return [await alert.textContent(), await page.locator("#password").inputValue()];
}

/** Into the room and out again; what the External API was given. */
async function visit(page) {
  await page.locator("#enter").click();
  await page.waitForFunction(() => window.given);
  const given = await page.evaluate(() => window.given);
  await page.evaluate(() => window.meeting.listeners.readyToClose());
  await page.waitForURL(`${PAGES}/callback.html`);
  return given;
}

/** Whoever is signed in is not asked again; the new token. */
async function signInAgain(page) {
  await page.goto(`${PAGES}/`);
  await page.locator("#room").press("Enter");
  await page.waitForURL(`${PAGES}/callback.html`);
  await page.locator("#signed-in").waitFor();
  return page.evaluate(() => JSON.parse(sessionStorage.getItem("usher-sample")).token);
}

function focusOn(page, id) {
  return page.waitForFunction((wanted) => document.activeElement.id === wanted, id);
}

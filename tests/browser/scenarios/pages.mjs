// The pages that a straight way in does not show.

import assert from "node:assert/strict";
import { SITE } from "../stage.mjs";

const CALLBACK = `${SITE}/usher/client_apps/jitsi_meet/callback.html`;
const ELSEWHERE = "https://elsewhere.test/";

export async function play(stage, { username, password }) {
  const address = await signInWithoutScripts(stage, username, password);
  const page = await stage.person();
  await switchLanguage(stage, page);
  const strange = await knockAsStranger(stage, page);
  const guest = await enterAsGuest(stage, page);
  await findJitsiAway(stage, page);
  const link = await goOnInApp(stage, page);
  await leaveFromElsewhere(stage, page);
  stage.assertClean();
  return { address, strange, guest, link };
}

function login(next, client = "jitsi_meet") {
  const query = new URLSearchParams({ client_id: client, redirect_uri: CALLBACK, next });
  return `${SITE}/usher/sso/login/?${query}`;
}

/** Where one comes out. */
async function signInWithoutScripts(stage, username, password) {
  const page = await stage.person({ scripts: false });
  await page.goto(login("/team1"));
  await page.locator("#username").fill(username);
  await page.locator("#password").fill(password);
  await page.locator("#password").press("Enter");
  await page.waitForURL(`${CALLBACK}?**`);
  return page.url();
}

async function switchLanguage(stage, page) {
  await page.goto(login("/team1"));
  await page.getByRole("link", { name: "فارسی" }).click();
  await page.locator("html[lang=fa][dir=rtl]").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("redirect_uri"), CALLBACK);
  await stage.look(page, "sign-in-fa");
  await page.getByRole("link", { name: "English" }).click();
  await page.locator("html[lang=en]").waitFor();
}

/** What a program that is not registered is told. */
async function knockAsStranger(stage, page) {
  stage.expect("status of 400", "/usher/sso/login/");
  const answer = await page.goto(login("/team1", "nobody"));
  await stage.look(page, "error");
  return { status: answer.status(), code: await page.locator("code").first().textContent() };
}

/** The name of a guest, as the sample shows it. */
async function enterAsGuest(stage, page) {
  await page.goto(login("/open-day"));
  await stage.look(page, "sign-in-guest");
  await page.locator("#name").fill("Ann <b>");
  await page.locator("#name").press("Enter");
  await page.waitForURL(CALLBACK);
  await page.locator("#signed-in").waitFor();
  await stage.look(page, "guest");
  return page.locator("#name").textContent();
}

/** A room whose server does not answer says so. */
async function findJitsiAway(stage, page) {
  const file = "/external_api.js";
  stage.expect("net::ERR_FAILED", file);
  await page.route(`${SITE}${file}`, (route) => route.abort());
  await page.locator("#enter").click();
  await page.locator("#away").waitFor();
  await stage.look(page, "jitsi-away");
}

/** Where the button of the page leads. */
async function goOnInApp(stage, page) {
  const state = { room: "open-day", roomSafe: "open-day", ios: true };
  const query = new URLSearchParams({ client_id: "jitsi_meet", state: JSON.stringify(state) });
  await page.goto(`${SITE}/usher/sso/authorize?${query}`);
  await stage.look(page, "open-app");
  return page.locator("a.button").getAttribute("href");
}

/** Another site cannot sign anybody out by a link alone. */
async function leaveFromElsewhere(stage, page) {
  const logout = `${SITE}/usher/sso/api/logout/`;
  stage.expectSite(ELSEWHERE);
  await page.route(ELSEWHERE, (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><title>x</title><a href="${logout}">x</a>` }),
  );
  await page.goto(ELSEWHERE);
  await page.locator("a").click();
  await page.waitForURL(`${logout}**`);
  await stage.look(page, "confirm-sign-out");
  await page.locator("form button").click();
  await page.locator("h1").filter({ hasText: "signed out" }).waitFor();
  await stage.look(page, "signed-out");
}

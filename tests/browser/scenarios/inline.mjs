// A room of Jitsi signs a person in by a window of its own, renews the token, and signs out without a word.

import assert from "node:assert/strict";
import { SITE } from "../stage.mjs";

export async function play(stage, { username, password }) {
  const page = await stage.person();
  await page.goto(`${SITE}/inline.html`);

  const popup = await opened(page, "#sign-in");
  await popup.waitForURL(`${SITE}/usher/sso/**`);
  assert.equal(await popup.locator(".facts dd").first().textContent(), "team1");
  await popup.locator("#username").fill(username);
  await popup.locator("#password").fill(password);
  await Promise.all([popup.waitForEvent("close"), popup.locator("#password").press("Enter")]);
  const first = await tokens(page);
  const nonce = await page.evaluate(() => sessionStorage.getItem("nonce"));

  const renewal = await opened(page, "#renew");
  if (!renewal.isClosed()) await renewal.waitForEvent("close");
  const second = await tokens(page);

  await page.evaluate((token) => { window.tokens = token; }, second);
  await page.locator("#sign-out").click();
  await page.waitForFunction(() => window.signedOut);
  stage.assertClean();
  return { first, second, nonce };
}

async function opened(page, button) {
  const popup = page.waitForEvent("popup");
  await page.locator(button).click();
  return popup;
}

/** What the window brought back; taken away, so that the next ones are new. */
async function tokens(page) {
  await page.waitForFunction(() => window.tokens?.status);
  return page.evaluate(() => {
    const { status, ...tokens } = window.tokens;
    window.tokens = tokens;
    return { status, ...tokens };
  });
}

// What stories about one meeting have in common.

import { SITE } from "./stage.mjs";

/** Opens the page of the meeting and signs in on the way. */
export async function arrive(page, meeting, username, password) {
  await page.goto(`${SITE}/usher/m/${meeting}`);
  await page.waitForURL(`${SITE}/usher/sso/login/**`);
  await page.locator("#username").fill(username);
  await page.locator("#password").fill(password);
  await page.locator("#password").press("Enter");
  await page.waitForURL(`${SITE}/usher/m/${meeting}`);
}

/** Waits until the page says where one stands. */
export function stands(page, state) {
  return page.locator(`section[data-state=${state}]`).waitFor();
}

/** Goes into the room of a meeting on LiveKit. */
export async function enter(page, meeting, username, password) {
  await arrive(page, meeting, username, password);
  await stands(page, "ready");
  await page.locator("#enter button").click();
  await page.locator(".room").waitFor();
}

/** The meeting server tells usher that somebody has come in. */
export async function comeIn({ url, secret }, room, user) {
  await told(`${url}/events/occupant/joined`, "POST", secret, {
    room_name: room,
    room_jid: `${room}@conference.meet.test`,
    occupant: { occupant_jid: `${user}@meet.test/1`, joined_at: Math.floor(Date.now() / 1000), id: user },
  });
}

/** The program calls the meeting off. */
export async function callOff({ url, key }, meeting) {
  await told(`${url}/api/meetings/${meeting}`, "DELETE", key);
}

async function told(address, method, credential, body) {
  const answer = await fetch(address, {
    method,
    headers: { Authorization: `Bearer ${credential}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`);
}

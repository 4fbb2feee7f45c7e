// A browser that lets nothing strange pass: every error on the console, every breach of a page's policy and every request
// to another site is a fault.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { complaints } from "./looks.mjs";

export const SITE = "https://meet.test";
// Only a failure comes to the end of it, however busy the machine.
const PATIENCE_MS = 100_000;
const PHONE = { width: 360, height: 740 };

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-proxy-server",
];

/** Cameras and microphones that are none, which every page may use; and connections within this machine. */
const MEDIA = [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
];

/** `address` is where the site listens, `screenshots` the folder for pictures; `media` whether people have cameras. */
export async function open({ address, screenshots, chromium: program, media = false }) {
  mkdirSync(screenshots, { recursive: true });
  const hosts = `MAP meet.test:443 ${address}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`;
  const browser = await chromium.launch({
    executablePath: program,
    timeout: PATIENCE_MS,
    args: [...QUIET, ...(media ? MEDIA : []), `--host-resolver-rules=${hosts}`],
  });
  return new Stage(browser, screenshots);
}

class Stage {
  #browser;
  #screenshots;
  #faults = [];
  #expected = [];
  #sites = [SITE];
  #pages = [];

  constructor(browser, screenshots) {
    this.#browser = browser;
    this.#screenshots = screenshots;
  }

  /** A person with a browser of their own. */
  async person({ language = "en-GB", colours = "light", scripts = true } = {}) {
    const context = await this.#browser.newContext({
      locale: language,
      colorScheme: colours,
      javaScriptEnabled: scripts,
      ignoreHTTPSErrors: true,
      viewport: PHONE,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (breach) => {
        console.error(`the policy forbids ${breach.blockedURI} (${breach.effectiveDirective})`);
      });
    });
    context.on("page", (page) => this.#watch(page));
    return context.newPage();
  }

  /** What the browser will report as an error although it is meant: words of the report, and the path it is about, or a
   * pattern of it. */
  expect(words, path) {
    this.#expected.push({ words, path });
  }

  /** Another site that the story itself goes to. */
  expectSite(address) {
    this.#sites.push(new URL(address).origin);
  }

  #watch(page) {
    this.#pages.push(page);
    page.on("pageerror", (error) => this.#faults.push(`${page.url()}: ${error.stack}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !this.#isExpected(message)) {
        this.#faults.push(`${message.location().url}: ${message.text()}`);
      }
    });
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && !this.#sites.includes(origin)) this.#faults.push(`asked for ${request.url()}`);
    });
  }

  #isExpected(message) {
    const { pathname } = new URL(message.location().url || SITE);
    const isPath = (path) => (path instanceof RegExp ? path.test(pathname) : path === pathname);
    return this.#expected.some(({ words, path }) => isPath(path) && message.text().includes(words));
  }

  /** Looks at the page as it is now, light and dark, and keeps a picture. */
  async look(page, name) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await page.evaluate(complaints), [], `${name}, ${colorScheme}`);
      await this.#picture(page, `${name}-${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
  }

  /** Pictures of all that is open. */
  async keep(name) {
    for (const [at, page] of this.#pages.entries()) {
      if (!page.isClosed()) await this.#picture(page, `${name}-${at}`);
    }
  }

  async #picture(page, name) {
    await page.screenshot({ path: `${this.#screenshots}/${name}.png`, fullPage: true });
  }

  addresses() {
    return this.#pages.map((page) => page.url());
  }

  /** What went wrong beside the story, so far. */
  assertClean() {
    assert.deepEqual(this.#faults, []);
  }

  async close() {
    await this.#browser.close();
  }
}

// Bundles room.js with livekit-client into one script without source map, and collects the licences of what is in it.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
const SCRIPT = "room.js";
const LICENCES = "room.js.LICENSES.txt";
/** Browsers of the last three years; older ones cannot hold a meeting with what LiveKit sends today. */
const BROWSERS = ["chrome115", "firefox115", "safari16.4"];
/** Packages without a licence file say theirs at the beginning of these files; Apache-2.0 is printed with the others. */
const NOTICES = { "@bufbuild/protobuf": ["dist/esm/message.js", "dist/esm/google/varint.js"] };

const read = (...path) => readFileSync(join("node_modules", ...path), "utf8");
const manifest = (name) => JSON.parse(read(name, "package.json"));

/** What livekit-client brings: its own build has its dependencies inside, in the versions that its source map names. */
function ingredients() {
  const { dependencies, version } = manifest("livekit-client");
  const { sources } = JSON.parse(read("livekit-client/dist/livekit-client.esm.mjs.map"));
  const found = new Map([
    ["livekit-client", version],
    ["@livekit/protocol", dependencies["@livekit/protocol"]],
  ]);
  for (const source of sources) {
    const [, packed, name] = source.match(/\.pnpm\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)\//) ?? [];
    if (name) found.set(name, packed.slice(packed.lastIndexOf("@") + 1));
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1));
}

function licence(name) {
  const file = readdirSync(join("node_modules", name)).find((file) => /^licen[cs]e/i.test(file));
  if (file) return read(name, file);
  if (!NOTICES[name]) throw new Error(`${name} has no licence file, and NOTICES does not say where its notice is`);
  return NOTICES[name].map((path) => read(name, path).match(/^(?:\/\/.*\n)+/)[0]).join("\n");
}

function licences(packages) {
  const sections = packages.map(([name, version]) => {
    const title = `${name} ${version}, ${manifest(name).license.replace(/[()]/g, "")}`;
    return `${title}\n${"-".repeat(title.length)}\n\n${licence(name).replaceAll("\r\n", "\n").trim()}\n`;
  });
  return `What is in ${SCRIPT} besides usher's own, and under which licences.\n\n${sections.join("\n\n")}`;
}

function banner(packages) {
  const names = packages.map(([name, version]) => `${name} ${version} (${manifest(name).license.replace(/[()]/g, "")})`);
  return `/*! The room of LiveKit meetings, of usher, with ${names.join(", ")}.\n * Made by src/pages/livekit/build. The licences are in ${LICENCES}. */`;
}

const packages = ingredients();
await build({
  entryPoints: [SCRIPT],
  outfile: join(folder, SCRIPT),
  banner: { js: banner(packages) },
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  minify: true,
  target: BROWSERS,
});
writeFileSync(join(folder, LICENCES), licences(packages));

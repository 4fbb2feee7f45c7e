// Plays one scenario in a real Chromium and prints what came of it, as one line of JSON.
//
//   node run.mjs '{"scenario": "sample", "address": "127.0.0.1:8443", …}'
//
// The line is `{"facts": …}`, or `{"fault": …}` with what a person would have seen go wrong.

import { open } from "./stage.mjs";

const settings = JSON.parse(process.argv[2]);
const { play } = await import(`./scenarios/${settings.scenario}.mjs`);
const stage = await open(settings);
try {
  const facts = await play(stage, settings);
  console.log(JSON.stringify({ facts }));
} catch (fault) {
  await stage.keep(`fault-${settings.scenario}`);
  console.log(JSON.stringify({ fault: fault.stack, address: stage.addresses() }));
} finally {
  await stage.close();
}

// Goes into the room through Jitsi's External API.

import { remembered, roomOf } from "./session.js";
import { userOf } from "./usher.js";

const part = (id) => document.getElementById(id);
const { base, domain, back } = part("app").dataset;

function load(address) {
  const script = document.createElement("script");
  const loaded = new Promise((resolve, reject) => {
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error(`cannot load ${address}`)));
  });
  script.src = address;
  document.head.append(script);
  return loaded;
}

async function enter() {
  const session = remembered();
  const user = session && (await userOf(base, session.token));
  if (!user) return location.replace(back);
  await load(`https://${domain}/external_api.js`);
  part("waiting").hidden = true;
  part("stage").hidden = false;
  const meeting = new window.JitsiMeetExternalAPI(domain, {
    roomName: roomOf(session.next),
    jwt: session.token,
    parentNode: part("stage"),
    lang: document.documentElement.lang,
    userInfo: { displayName: user.name, email: user.email },
  });
  meeting.addListener("readyToClose", () => location.assign(back));
}

enter().catch(() => {
  part("waiting").hidden = true;
  part("stage").hidden = true;
  part("away").hidden = false;
});

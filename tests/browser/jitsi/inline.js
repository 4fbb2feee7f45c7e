// What Jitsi's web client does since 2026 where `tokenAuthInline` is on: the code flow in a window, renewal by the refresh
// token inside the state, log-out in a hidden frame. `window.tokens` holds the outcome.

const CLIENT = "meet-web";
const USHER = `${location.origin}/usher/sso`;
const REDIRECT = `${location.origin}/static/sso.html`;

function random(bytes) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function begin(refreshToken) {
  const verifier = random(48);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const nonce = random(16);
  sessionStorage.setItem("code_verifier", verifier);
  sessionStorage.setItem("nonce", nonce);
  const state = { room: "Team1", roomSafe: "team1", "config.prejoinConfig.enabled": false };
  if (refreshToken) state.refreshToken = refreshToken;
  const query = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "openid",
    state: JSON.stringify(state),
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    nonce,
  });
  return `${USHER}/authorize?${query}`;
}

async function signIn(refreshToken) {
  // Opened within the click; browsers refuse windows that come later.
  const popup = window.open("", "sso", "popup,width=480,height=720");
  popup.location.href = await begin(refreshToken);
}

function signOut() {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  const query = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: `${location.origin}/static/logout.html`,
    id_token_hint: window.tokens.id_token,
  });
  frame.src = `${USHER}/api/logout/?${query}`;
  document.body.append(frame);
}

window.addEventListener("message", (message) => {
  if (message.origin !== location.origin) return;
  if (message.data.type === "sso") window.tokens = message.data.tokens;
  if (message.data.type === "logout-success") window.signedOut = true;
});

document.getElementById("sign-in").addEventListener("click", () => signIn());
document.getElementById("renew").addEventListener("click", () => signIn(window.tokens.refresh_token));
document.getElementById("sign-out").addEventListener("click", signOut);

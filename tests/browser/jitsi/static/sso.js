// Redeems the code, or renews where the state carries a refresh token, and hands the tokens to the room.

const query = new URLSearchParams(location.search);
const { refreshToken } = JSON.parse(query.get("state"));
const grant = refreshToken
  ? { grant_type: "refresh_token", refresh_token: refreshToken, client_id: "meet-web" }
  : {
      grant_type: "authorization_code",
      code: query.get("code"),
      redirect_uri: `${location.origin}/static/sso.html`,
      client_id: "meet-web",
      code_verifier: window.opener.sessionStorage.getItem("code_verifier"),
    };
const answer = await fetch("/usher/sso/token", { method: "POST", body: new URLSearchParams(grant) });
const tokens = { status: answer.status, ...(await answer.json()) };
window.opener.postMessage({ type: "sso", tokens }, location.origin);
window.close();

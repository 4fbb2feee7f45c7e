// The calls of usher that this sample makes.

/** Who the holder of a token is; null when the token is worth nothing any more. */
export async function userOf(base, token) {
  const answer = await fetch(`${base}/sso/api/user-info/`, {
    headers: { Authorization: `Bearer ${token}` },
    credentials: "omit",
  });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`user-info answered ${answer.status}`);
  return answer.json();
}

/** `{valid: true, expires_at, …}`, or `{valid: false, code}`. */
export async function validate(base, client, token) {
  const answer = await fetch(`${base}/sso/api/validate-token/`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "omit",
    body: JSON.stringify({ token, client_id: client }),
  });
  if (!answer.ok) throw new Error(`validate-token answered ${answer.status}`);
  return answer.json();
}

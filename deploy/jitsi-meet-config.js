// What Jitsi's web client needs so that people sign in at usher. Paste ONE of the two ways at the end of
// /etc/jitsi/meet/meet.example.com-config.js (Docker: ${CONFIG}/web/custom-config.js), and replace meet.example.com by
// your domain. No restart: the next page that is loaded has it. Prosody must ask for tokens (see prosody-snippets).

// --- The plain way: every version of the web client, and Jitsi's apps ---
//
// Whoever comes to a room without a token is sent to usher's login page, and from there straight into the room.
// /etc/usher/clients.toml:
//
//   [meet-web]
//   name = "Video meetings"
//   redirect_uris = ["https://meet.example.com/"]     # for the way out alone

config.tokenAuthUrl = 'https://meet.example.com/usher/sso/authorize?client_id=meet-web&state={state}';
config.tokenLogoutUrl =
    'https://meet.example.com/usher/sso/api/logout/?client_id=meet-web&redirect_uri=https://meet.example.com/';

// --- The inline way: web clients of 2026 and later ---
//
// People sign in within a small window and never leave the room's page; when the token expires, it is renewed by itself.
// Jitsi's phone apps, which cannot do that, are led the plain way by the same address. The web client renews with its
// refresh token in an address of Jitsi's own: nginx-log-format.conf beside this file keeps that out of nginx's log.
// /etc/usher/clients.toml:
//
//   [meet-web]
//   name = "Video meetings"
//   redirect_uris = ["https://meet.example.com/static/sso.html", "https://meet.example.com/static/logout.html"]

// config.tokenAuthInline = true;
// config.tokenAuthUrl = 'https://meet.example.com/usher/sso/authorize?client_id=meet-web&response_type=code'
//     + '&redirect_uri=https://meet.example.com/static/sso.html&state={state}'
//     + '&code_challenge={code_challenge}&code_challenge_method=S256';
// config.tokenLogoutUrl = 'https://meet.example.com/usher/sso/api/logout/?client_id=meet-web'
//     + '&redirect_uri=https://meet.example.com/static/logout.html';
// config.sso = {
//     ssoService: 'meet.example.com',
//     tokenService: 'meet.example.com/usher/sso',    // without https://
//     clientId: 'meet-web'
// };

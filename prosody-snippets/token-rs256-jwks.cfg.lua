-- People enter with tokens that usher signs with a private key (RS256). Prosody fetches the whole set of public keys
-- again and again, as usher's Cache-Control says. Jitsi's modules know this since November 2025.
-- Keep asap_key_server too: without it a token with a `kid` that is not in the set yet hangs the sign-in.
-- Needs Jitsi's own Prosody modules (package jitsi-meet-prosody) and lua-cjson, lua-luaossl, lua-basexx.

-- [VirtualHost "meet.example.com"]
authentication = "token"
app_id = "your-app-id" -- usher.toml: [[jitsi]] app_id
cache_keys_url = "http://127.0.0.1:8787/.well-known/jwks.json" -- usher's listener, as Prosody reaches it
asap_key_server = "http://127.0.0.1:8787/asap"
asap_accepted_issuers = { "your-app-id" }
asap_accepted_audiences = { "your-app-id" }
allow_empty_token = false
enable_domain_verification = true -- without it a token for "alpha" also opens "alpha" of every tenant

-- [Component "conference.meet.example.com" "muc"]
modules_enabled = { "token_verification" } -- add it to the list that is there

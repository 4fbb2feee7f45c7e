-- People enter with tokens that usher signs with a private key (RS256). Prosody asks usher for the public key of each
-- new `kid` and keeps it until it restarts; so a new key always gets a new `kid` (usher.toml: [[jitsi]] signing_keys).
-- Needs Jitsi's own Prosody modules (package jitsi-meet-prosody) and lua-cjson, lua-luaossl, lua-basexx.

-- [VirtualHost "meet.example.com"]
authentication = "token"
app_id = "your-app-id" -- usher.toml: [[jitsi]] app_id
asap_key_server = "http://127.0.0.1:8787/asap" -- usher's listener, as Prosody reaches it
asap_accepted_issuers = { "your-app-id" }
asap_accepted_audiences = { "your-app-id" }
allow_empty_token = false
enable_domain_verification = true -- without it a token for "alpha" also opens "alpha" of every tenant

-- [Component "conference.meet.example.com" "muc"]
modules_enabled = { "token_verification" } -- add it to the list that is there

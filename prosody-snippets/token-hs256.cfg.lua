-- People enter with tokens that usher signs with a shared secret (HS256).
-- Needs Jitsi's own Prosody modules (package jitsi-meet-prosody) and lua-cjson, lua-luaossl, lua-basexx.

-- [VirtualHost "meet.example.com"]
authentication = "token"
app_id = "your-app-id" -- usher.toml: [[jitsi]] app_id
app_secret = "replace-me-by-at-least-32-random-characters" -- usher.toml: [[jitsi]] app_secret or app_secret_file
asap_accepted_audiences = { "your-app-id" } -- without it a token for any other application of this issuer opens rooms too
allow_empty_token = false
enable_domain_verification = true -- without it a token for "alpha" also opens "alpha" of every tenant

-- [Component "conference.meet.example.com" "muc"]
modules_enabled = { "token_verification" } -- add it to the list that is there

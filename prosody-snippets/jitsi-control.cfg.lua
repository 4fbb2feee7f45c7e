-- usher closes rooms, speaks in them and puts people out through the modules that Jitsi ships, where its own is not
-- wanted (usher.toml: [[jitsi]] control = "jitsi", prosody_http = "http://127.0.0.1:5280"). Needs tokens with a private key
-- (token-rs256-keyserver.cfg.lua): with app_secret these modules take no token of usher's.
--
-- They trust every token whose key they find. The address below has the keys of usher's own calls and no others; without
-- it any participant could end any meeting. /room-census asks for no token at all: keep Prosody's port off the outside.

-- [global: above the first VirtualHost]
muc_mapper_domain_base = "meet.example.com" -- Jitsi's installation has set it already
prosody_password_public_key_repo_url = "http://127.0.0.1:8787/asap/control" -- usher's listener, as Prosody reaches it

-- [VirtualHost "meet.example.com"]
modules_enabled = { "muc_end_meeting", "muc_kick_participant", "system_chat_message", "muc_census" } -- add them to the list that is there

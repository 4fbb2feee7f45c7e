-- Prosody reports rooms and people with usher's own module (copy mod_usher_events.lua into a folder of plugin_paths).
-- Nothing is lost while usher is away, and usher learns why people left, who is moderator, and when Prosody restarted.
-- Instead of event-sync.cfg.lua, never beside it.
-- Where usher.toml names `prosody_http`, usher also closes rooms and speaks in them, with the same secret, at /usher/ on
-- Prosody's web server. That port (5280) must not be reachable from outside.

-- [global: above the first VirtualHost, so that both components below see it]
usher_url = "http://127.0.0.1:8787" -- usher's listener, as Prosody reaches it
usher_secret = "replace-me-by-a-random-secret" -- usher.toml: [[jitsi]] prosody_secret
-- usher_secret_file = "/etc/prosody/usher.secret" -- instead of usher_secret; Prosody's user must be able to read it
-- usher_queue_size = 10000 -- events that are kept while usher is away
-- usher_roster_interval = 60 -- seconds between two full lists of who is in

-- [Component "conference.meet.example.com" "muc"]
modules_enabled = { "usher_events" } -- add it to the list that is there

-- [Component "breakout.meet.example.com" "muc"]
modules_enabled = { "usher_events" } -- add it to the list that is there

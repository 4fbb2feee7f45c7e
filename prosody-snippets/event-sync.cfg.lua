-- Prosody reports rooms and people with the unchanged module event_sync of jitsi-contrib/prosody-plugins
-- (copy event_sync/mod_event_sync_component.lua into a folder of plugin_paths). It forgets what it could not deliver;
-- where usher's own module can be installed, take usher-events.cfg.lua instead. One of the two, never both.

-- [end of the file]
Component "esync.meet.example.com" "event_sync_component"
muc_component = "conference.meet.example.com"
breakout_component = "breakout.meet.example.com"
api_prefix = "http://127.0.0.1:8787" -- usher's listener, as Prosody reaches it
api_headers = { ["Authorization"] = "Bearer replace-me-by-a-random-secret" } -- usher.toml: [[jitsi]] prosody_secret

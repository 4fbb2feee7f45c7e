-- Prosody asks usher before a room opens, with Jitsi's own module mod_reservations as it is: what is booked opens when it
-- is booked, and rooms that nobody booked open where the rules of rooms.toml say so.
-- Where usher's own module is loaded, `usher_door = true` (see usher-events.cfg.lua) asks the same for whoever goes
-- straight into a room. Both together do no harm.

-- [VirtualHost "meet.example.com"]
modules_enabled = { "reservations" } -- add it to the list that is there
reservations_api_prefix = "http://127.0.0.1:8787" -- usher's listener, as Prosody reaches it
reservations_api_headers = { ["Authorization"] = "Bearer replace-me-by-a-random-secret" } -- usher.toml: [[jitsi]] prosody_secret
reservations_api_timeout = 5 -- seconds; after a time-out nobody comes in, and it is not tried again
reservations_enable_max_occupants = true -- rooms.toml: max_people; needs muc_max_occupants on the conference component
reservations_enable_password_support = true -- rooms.toml: password
-- reservations_enable_lobby_support = true -- rooms.toml: lobby; needs muc_lobby_rooms and persistent_lobby here

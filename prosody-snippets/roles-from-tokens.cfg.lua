-- Who becomes moderator is what the token says (context.user.moderator), and nothing else.
-- Needs mod_token_affiliation: in Jitsi's own modules since May 2026, before that "token_affiliation" of
-- jitsi-contrib/prosody-plugins. Jicofo makes moderators by itself as long as these two stand otherwise in
-- /etc/jitsi/jicofo/jicofo.conf (jicofo has to be restarted):
--
--     jicofo {
--       conference { enable-auto-owner = false }
--       authentication { enabled = false }
--     }

-- [Component "conference.meet.example.com" "muc"]
modules_enabled = { "token_affiliation" } -- add it to the list that is there

--- Stands where jicofo is: answers that a room is ready.
local st = require "util.stanza";

module:hook("iq-set/host/http://jitsi.org/protocol/focus:conference", function (event)
	event.origin.send(st.reply(event.stanza));
	return true;
end);

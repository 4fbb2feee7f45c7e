--- Makes each new room of this component a breakout of the first open main room, as mod_muc_breakout_rooms notes it.
module:hook("muc-room-pre-create", function (event)
	local main = nil; for room in prosody.hosts["conference.meet.test"].modules.muc.live_rooms() do main = room; break; end
	main._data.breakout_rooms = { [event.room.jid] = "Group 1" };
end, 1000);

--- Gives every session what Jitsi's token authentication would have read from a token.
module:hook("resource-bind", function (event)
	event.session.jitsi_meet_context_user = { id = "ann-7", name = "Ann of the token", email = "ann@example.test" };
	event.session.jitsi_meet_context_group = "doctors";
end);

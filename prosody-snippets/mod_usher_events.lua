--- Tells usher who comes and goes in the rooms of one conference component.
--
-- For Prosody 0.12 and 13. Load it on the conference component and on the breakout component:
--
--     Component "conference.meet.example.com" "muc"
--         modules_enabled = { "usher_events" }
--         usher_url = "http://127.0.0.1:8080"
--         usher_secret_file = "/etc/prosody/usher.secret"
--
-- Also: usher_secret (instead of the file), usher_queue_size (events kept while usher is away, 10000),
-- usher_roster_interval (seconds between full rosters, 60).
--
-- On Prosody's HTTP port, with the same secret, usher can end a room, say something in it, put somebody out, and ask which
-- rooms are open: POST /usher/end, /usher/say, /usher/remove and GET /usher/rooms on the host of the conference component.
--
-- Every event carries a number. Usher answers with the highest number that is safely stored, and only then is an
-- event forgotten here. A fault of this module or of usher never reaches the room: handlers are guarded, nothing waits.

local array = require "util.array";
local hashes = require "util.hashes";
local http = require "net.http";
local jid = require "util.jid";
local json = require "util.json";
local new_id = require "util.id".long;
local st = require "util.stanza";
local time_now = require "util.time".now;
local valid_utf8 = require "util.encodings".utf8.valid;

local MAX_EVENTS = 100; -- in one request
local MAX_BYTES = 48 * 1024; -- of events in one request; usher refuses bodies above 64 KiB
local MAX_TEXT = 256; -- bytes of a name, an id or a group
local MAX_ROSTER_BYTES = 40 * 1024; -- of one room, before its people are shortened
local ANSWER_TIMEOUT = 10; -- seconds
local FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10; -- seconds between tries
local MIN_ROSTER_GAP = 1; -- seconds, also when usher asks
local LOG_GAP = 60; -- seconds between two lines about the same trouble
local MAX_REFUSALS = 3; -- of one single event, then it is given up

local HEALTH_CHECK = "__jicofo-health-check";

if module:get_host_type() ~= "component" then
	module:log("error", "usher_events belongs on a conference component, not on %s", module.host);
	return;
end
module:depends("muc");

--- The shared secret, from the configuration or from its file.
local function read_secret()
	local secret = module:get_option_string("usher_secret");
	local path = module:get_option_string("usher_secret_file");
	if not secret and path then
		local file, err = io.open(path);
		if not file then return nil, "usher_secret_file: " .. err; end
		secret = file:read("*a");
		file:close();
	end
	if not secret then return nil, "neither usher_secret nor usher_secret_file is set"; end
	secret = secret:match("^%s*(.-)%s*$");
	if secret == "" or secret:find("%c") then return nil, "the secret is empty or has more than one line"; end
	return secret;
end

local base_url = module:get_option_string("usher_url");
local secret, secret_fault = read_secret();
if not base_url or not secret then
	module:log("error", "usher will learn nothing about %s: %s", module.host, base_url and secret_fault or "usher_url is not set");
	return;
end
local events_url = base_url:gsub("/+$", "") .. "/prosody/events";
local queue_size = math.max(1, math.floor(module:get_option_number("usher_queue_size", 10000)));
local roster_interval = math.max(1, module:get_option_number("usher_roster_interval", 60));

--- Seconds with milliseconds, as they are sent. Never in the future: usher may hear of it within the same millisecond.
local function now()
	return math.floor(time_now() * 1000) / 1000;
end

--- A handler whose faults end in the log, and which never stops other handlers or repeats a timer.
local function guarded(what, handler)
	return function (...)
		local ok, fault = pcall(handler, ...);
		if not ok then module:log("error", "%s failed: %s", what, fault); end
	end
end

local last_logged = {};

--- Logs a lasting trouble once in a while instead of each time.
local function log_seldom(topic, ...)
	local at = time_now();
	if at - (last_logged[topic] or 0) < LOG_GAP then return; end
	last_logged[topic] = at;
	module:log("warn", ...);
end

-- === The queue: events as JSON under their numbers, from queue.first to queue.last ===

local queue = { first = 1, last = 0 };
local stream = { instance = new_id(), started_at = now(), dropped = 0 };
local wake; -- sends what waits; defined below

--- Takes out everything up to a number.
local function forget_until(number)
	for n = queue.first, number do queue[n] = nil; end
	queue.first = math.max(queue.first, number + 1);
end

local function drop_until(number)
	stream.dropped = stream.dropped + number - queue.first + 1;
	forget_until(number);
end

local function enqueue(event)
	queue.last = queue.last + 1;
	event.n = queue.last;
	event.at = event.at or now();
	queue[queue.last] = json.encode(event);
	if queue.last - queue.first >= queue_size then
		drop_until(queue.last - queue_size);
		log_seldom("queue", "usher is away for too long: the oldest events are dropped, %d so far", stream.dropped);
	end
	wake();
end

-- === Who is it: people, recorders, gateways, and those who do not count at all ===

local admins = module:get_option_inherited_set("admins", {}) / jid.prep;
-- The names and defaults of Jitsi's util.lib.lua.
local recorder_prefixes = module:get_option_inherited_set("recorder_prefixes",
	{ "recorder@recorder.", "jibria@recorder.", "jibrib@recorder." });
local transcriber_prefixes = module:get_option_inherited_set("transcriber_prefixes",
	{ "transcriber@recorder.", "transcribera@recorder.", "transcriberb@recorder." });
local SIP_JIBRI_PREFIXES = { "outbound-sip-jibri@", "sipjibriouta@", "sipjibrioutb@", "inbound-sip-jibri@", "sipjibriina@" };
local OPEN_AUTHENTICATION = { anonymous = true, token = true, ["jitsi-anonymous"] = true };

local function starts_with(text, prefix)
	return text:sub(1, #prefix) == prefix;
end

local function has_prefix_of(text, prefixes)
	for prefix in prefixes:items() do
		if starts_with(text, prefix) then return true; end
	end
	return false;
end

--- Whether an account is one that the administrator made. What others say about themselves proves nothing: a guest
-- with the nick "focus" or with the presence of a gateway would otherwise be in the meeting unseen.
local function is_service_account(real_jid)
	local host = jid.host(real_jid);
	if not prosody.hosts[host] then return false; end
	return not OPEN_AUTHENTICATION[module:context(host):get_option_string("authentication", "internal_hashed")];
end

--- Whether a presence is that of a telephone gateway: Jigasi, or Jibri in its SIP role.
local function is_gateway(presence)
	if not presence then return false; end
	if presence:get_child("initiator", "http://jitsi.org/protocol/jigasi") then return true; end
	local email = presence:get_child_text("email") or "";
	for _, prefix in ipairs(SIP_JIBRI_PREFIXES) do
		if starts_with(email, prefix) then return true; end
	end
	return false;
end

--- Jicofo, and other administrators; only then, as Docker lists Jibri and Jigasi among the admins too.
local function is_focus(occupant)
	if admins:contains(occupant.bare_jid) then return true; end
	if not is_service_account(occupant.bare_jid) then return false; end
	return jid.node(occupant.bare_jid) == "focus" or jid.resource(occupant.nick) == "focus";
end

--- person, recorder, transcriber or gateway; nil for those who are left out.
local function kind_of(occupant, presence)
	if has_prefix_of(occupant.jid, recorder_prefixes) then return "recorder"; end
	if has_prefix_of(occupant.jid, transcriber_prefixes) then return "transcriber"; end
	if is_service_account(occupant.bare_jid) and is_gateway(presence) then return "gateway"; end
	if is_focus(occupant) then return nil; end
	return "person";
end

--- A text that usher can take, or nothing: an id that is too long is not cut, as it could then be another's.
local function plain(value)
	if type(value) == "number" then value = ("%.14g"):format(value); end
	if type(value) ~= "string" or value == "" or #value > MAX_TEXT then return nil; end
	if value:find("%c") or not valid_utf8(value) then return nil; end
	return value;
end

--- A display name, cut where it is too long. People choose it freely, so it must not keep them out of the events.
local function display_name(value)
	if type(value) ~= "string" then return nil; end
	value = value:gsub("%c", " "):sub(1, MAX_TEXT);
	while value ~= "" and not valid_utf8(value) do value = value:sub(1, -2); end
	return plain(value);
end

--- What is told of somebody in a room. The e-mail address of the token stays here.
local function describe(occupant, session, presence, joined_at)
	local kind = kind_of(occupant, presence);
	if not kind then return nil; end
	local user = session and session.jitsi_meet_context_user;
	if type(user) ~= "table" then user = {}; end
	local nick = presence and presence:get_child_text("nick", "http://jabber.org/protocol/nick");
	return {
		jid = occupant.jid, nick = jid.resource(occupant.nick), joined_at = joined_at, kind = kind,
		id = plain(user.id), name = display_name(user.name) or display_name(nick),
		group = plain(session and session.jitsi_meet_context_group), moderator = occupant.role == "moderator",
	};
end

-- === The rooms as usher knows them ===

local rooms = {}; -- room JID -> { jid, breakout, opened_at, people = { full nick -> description }, emptied_by_end }

--- The main room that a room is a breakout of, after mod_muc_breakout_rooms; nil for a main room.
local function main_room_of(room)
	for host, session in pairs(prosody.hosts) do
		local muc = session.modules and session.modules.muc;
		if muc and host ~= module.host then
			for main in muc.live_rooms() do
				local breakouts = main._data.breakout_rooms;
				if breakouts and breakouts[room.jid] then return main; end
			end
		end
	end
end

local function new_room_state(room, opened_at)
	local main = main_room_of(room);
	return {
		jid = main and main.jid or room.jid, breakout = main and jid.node(room.jid) or nil,
		opened_at = opened_at, people = {},
	};
end

local function room_event(type, state, fields)
	fields = fields or {};
	fields.type, fields.room_jid, fields.breakout, fields.opened_at = type, state.jid, state.breakout, state.opened_at;
	return fields;
end

local function is_health_check(room)
	return starts_with(room.jid, HEALTH_CHECK);
end

--- The state of a room that is open, told to usher when it is new: it was opened at that moment.
local function opened(room, at)
	local state = rooms[room.jid];
	if not state and not is_health_check(room) then
		state = new_room_state(room, at);
		rooms[room.jid] = state;
		enqueue(room_event("room_opened", state, { at = at }));
	end
	return state;
end

local function on_room_created(event)
	opened(event.room, now());
end

local function on_joined(event)
	if is_health_check(event.room) then return; end
	local occupant = event.occupant;
	local at = now();
	local person = describe(occupant, event.origin, event.stanza, at);
	if not person then return; end
	-- Prosody calls the room created only after its first occupant joined; usher hears it in the natural order, and
	-- nobody is in before the room is open.
	local state = opened(event.room, at);
	local known = state.people[occupant.nick];
	if known and known.jid == person.jid then return; end
	state.people[occupant.nick] = person;
	enqueue(room_event("joined", state, { occupant = person, at = at }));
end

local lost_sessions = setmetatable({}, { __mode = "k" });

--- Notes a session whose connection broke. The error of the unbinding is false when the client closed its stream, a
-- text or nothing otherwise; only BOSH has nothing to say about an orderly end.
local function on_unbind(event)
	local session = event.session;
	lost_sessions[session] = event.error or event.error == nil and not session.bosh_version or nil;
end

--- Why somebody left, as far as Prosody shows it.
local function leave_reason(event)
	local room, occupant, stanza = event.room, event.occupant, event.stanza;
	if room.destroying then return "room_closed"; end
	if stanza then
		if stanza:get_child_text("status") == "switch_room" then return "switch_room"; end
		return event.origin and lost_sessions[event.origin] and "lost" or "left";
	end
	if room:get_affiliation(occupant.bare_jid) == "outcast" then return "banned"; end
	-- When a stanza to somebody bounces, mod_muc writes his goodbye itself; a kick leaves the last presence as it was.
	local last = occupant:get_presence();
	return last and last.attr.type == "unavailable" and "lost" or "kicked";
end

local function on_left(event)
	local state = rooms[event.room.jid];
	local nick = event.occupant.nick;
	local person = state and state.people[nick];
	if not person then return; end
	state.people[nick] = nil;
	local stanza = event.stanza;
	if stanza and stanza.attr.type ~= "unavailable" then -- a change of nick, not a leave
		state.people[stanza.attr.to], person.nick = person, jid.resource(stanza.attr.to);
		return;
	end
	local reason = leave_reason(event);
	if reason == "room_closed" and person.kind == "person" then state.emptied_by_end = true; end
	enqueue(room_event("left", state, { occupant = person, reason = reason }));
end

--- Every change of role is broadcast as a presence, whoever made it.
local function on_presence(event)
	local occupant = event.occupant;
	local state = rooms[event.room.jid];
	local person = state and state.people[occupant.nick];
	if not person or not occupant.role then return; end
	local moderator = occupant.role == "moderator";
	if person.moderator == moderator then return; end
	person.moderator = moderator;
	enqueue(room_event("role", state, { occupant = { jid = person.jid, moderator = moderator } }));
end

local function on_room_destroyed(event)
	local state = rooms[event.room.jid];
	if not state then return; end
	rooms[event.room.jid] = nil;
	enqueue(room_event("room_closed", state,
		{ reason = display_name(event.reason), for_everyone = state.emptied_by_end or false }));
end

-- === The roster: everybody who is in ===

local roster = { due = false, last_number = 0, built_at = 0 };

--- The people of a room as Prosody has them, with what is remembered from their joins.
local function current_people(room, known)
	local people = {};
	for nick, occupant in room:each_occupant() do
		local person = known[nick];
		if not person or person.jid ~= occupant.jid then
			person = describe(occupant, prosody.full_sessions[occupant.jid], occupant:get_presence(), nil);
		end
		if person then
			person.moderator = occupant.role == "moderator";
			people[nick] = person;
		end
	end
	return people;
end

local function list_of(people, shorten)
	local list = array();
	for _, person in pairs(people) do
		list:push(shorten and { jid = person.jid, joined_at = person.joined_at, kind = person.kind } or person);
	end
	return list;
end

local function enqueue_room_roster(state)
	local people = list_of(state.people);
	if #json.encode(people) > MAX_ROSTER_BYTES then people = list_of(state.people, true); end
	enqueue(room_event("roster", state, { occupants = people }));
end

local function enqueue_roster()
	local open, seen = array(), {};
	for room in prosody.hosts[module.host].modules.muc.live_rooms() do
		if not is_health_check(room) then
			-- A room older than this module has no opening time that could be told.
			local state = rooms[room.jid] or new_room_state(room, nil);
			state.people = current_people(room, state.people);
			seen[room.jid] = state;
			open:push({ room_jid = state.jid, breakout = state.breakout });
			enqueue_room_roster(state);
		end
	end
	rooms = seen;
	enqueue({ type = "rooms", rooms = open });
	roster.due, roster.last_number, roster.built_at = false, queue.last, time_now();
end

-- === Sending: one request at a time ===

local flight; -- the batch that waits for its answer
local timer; -- the next try
local trouble = { failures = 0, refusals = 0, secret_refused = false };
local batch_limit = MAX_EVENTS;
local send;

local function schedule(delay)
	if timer or flight then return; end
	timer = module:add_timer(delay, guarded("sending", function ()
		timer = nil;
		send();
	end));
end

function wake()
	schedule(0);
end

--- Queues the roster that is due, unless usher is away or the one before is still on its way: a queue of old rosters
-- would push out the events.
local function roster_if_due()
	if not roster.due or trouble.failures > 0 or roster.last_number >= queue.first then return; end
	local wait = roster.built_at + MIN_ROSTER_GAP - time_now();
	if wait > 0 and wait <= MIN_ROSTER_GAP then
		module:add_timer(wait, guarded("roster", roster_if_due));
	else
		enqueue_roster();
	end
end

local function want_roster()
	roster.due = true;
	roster_if_due();
end

local function next_batch()
	local batch = { first = queue.first, last = queue.first };
	local bytes = #queue[batch.first];
	while batch.last < queue.last and batch.last - batch.first + 1 < batch_limit do
		bytes = bytes + #queue[batch.last + 1] + 1;
		if bytes > MAX_BYTES then break; end
		batch.last = batch.last + 1;
	end
	return batch;
end

local function body_of(batch)
	local head = json.encode({
		version = 1, host = module.host, instance = stream.instance, started_at = stream.started_at,
		dropped = stream.dropped, first = batch.first,
	});
	return head:sub(1, -2) .. ',"events":[' .. table.concat(queue, ",", batch.first, batch.last) .. "]}";
end

--- Tries again later, each time after a longer pause, spread so that several Prosodys do not come at once.
local function schedule_retry()
	trouble.failures = trouble.failures + 1;
	local pause = math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ^ (trouble.failures - 1));
	schedule(pause * (0.5 + math.random() / 2));
end

local function retry(why)
	log_seldom("retry", "usher did not take the events (%s); %d are waiting", why, queue.last - queue.first + 1);
	schedule_retry();
end

local function refused_secret(code)
	if not trouble.secret_refused then
		trouble.secret_refused = true;
		module:log("error", "usher refuses the secret of %s (status %d): usher_secret differs from usher's prosody_secret",
			module.host, code);
	end
	schedule_retry();
end

--- Usher cannot read a batch: halves it until the one event is found that is at fault, and gives that one up.
local function refused_batch(batch, code)
	local size = batch.last - batch.first + 1;
	if size > 1 then
		batch_limit = math.floor(size / 2);
	else
		trouble.refusals = trouble.refusals + 1;
		if trouble.refusals >= MAX_REFUSALS and queue.first <= batch.last then
			module:log("error", "usher cannot take event %d (status %d): dropped", batch.first, code);
			drop_until(batch.last);
			trouble.refusals = 0;
		end
	end
	log_seldom("refused", "usher refused a batch of %d events (status %d)", size, code);
	schedule(FIRST_PAUSE);
end

local function accepted(batch, stored)
	if trouble.failures > 0 then
		module:log("info", "usher takes the events of %s again; %d were waiting", module.host, queue.last - batch.first + 1);
	end
	trouble = { failures = 0, refusals = 0, secret_refused = false };
	last_logged = {};
	batch_limit = math.min(MAX_EVENTS, batch_limit * 2);
	-- What a full queue pushed out while usher was storing it is not lost.
	stream.dropped = stream.dropped - (math.min(queue.first, stored + 1) - batch.first);
	forget_until(stored);
end

local function judge(batch, body, code)
	if code == 200 then
		local answer = json.decode(body);
		local stored = type(answer) == "table" and tonumber(answer.stored);
		if not stored or stored < batch.first or stored > batch.last then return retry("an answer that makes no sense"); end
		accepted(batch, math.floor(stored));
		if answer.roster == true then roster.due = true; end
		roster_if_due();
		if queue.first <= queue.last then wake(); end
	elseif code == 401 or code == 403 then
		refused_secret(code);
	elseif code == 400 or code == 413 then
		refused_batch(batch, code);
	else
		retry(code == 0 and tostring(body) or "status " .. tostring(code));
	end
end

--- Ends a flight once, by its answer or by its time-out, whichever is first.
local function settle(batch, body, code)
	if flight ~= batch then return; end
	flight = nil;
	batch.watchdog:stop();
	local ok, fault = pcall(judge, batch, body, code);
	if not ok then
		module:log("error", "judging usher's answer failed: %s", fault);
		retry("internal fault");
	end
end

function send()
	if flight or queue.first > queue.last then return; end
	local batch = next_batch();
	flight = batch;
	batch.watchdog = module:add_timer(ANSWER_TIMEOUT, guarded("time-out", function ()
		if batch.request then http.destroy_request(batch.request); end
		settle(batch, "no answer in time", 0);
	end));
	local ok, request = pcall(http.request, events_url, {
		method = "POST", body = body_of(batch),
		headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. secret },
	}, function (body, code) settle(batch, body, code); end);
	if ok then
		batch.request = request;
	else
		settle(batch, request, 0);
	end
end

-- === Acting: what usher asks for over HTTP ===

local MAX_REQUEST = 16 * 1024; -- bytes of one request
local MAX_SAID = 2048; -- bytes of a text for people

--- Whether somebody knows the secret. What is compared has one length, and both sides are hashed, so time tells nothing.
local function knows_secret(request)
	local presented = (request.headers.authorization or ""):match("^Bearer (.+)$");
	if not presented then return false; end
	return hashes.hmac_sha256(secret, presented) == hashes.hmac_sha256(secret, secret);
end

local function text_for_people(value)
	if value == nil then return nil; end
	if type(value) ~= "string" or #value > MAX_SAID or value:find("%c") or not valid_utf8(value) then return nil, true; end
	return value;
end

local function breakouts_of(main)
	local found = {};
	for host, session in pairs(prosody.hosts) do
		local muc = session.modules and session.modules.muc;
		if muc and host ~= module.host then
			for room in muc.live_rooms() do
				if main._data.breakout_rooms and main._data.breakout_rooms[room.jid] then table.insert(found, room); end
			end
		end
	end
	return found;
end

--- People in one room, without recorders and services.
local function count_people(room)
	local count = 0;
	for _, occupant in room:each_occupant() do
		local kind = kind_of(occupant, occupant:get_presence());
		if kind == "person" or kind == "gateway" then count = count + 1; end
	end
	return count;
end

local function list_rooms()
	local list = array();
	for room in prosody.hosts[module.host].modules.muc.live_rooms() do
		if not is_health_check(room) then
			local people = count_people(room);
			for _, breakout in ipairs(breakouts_of(room)) do people = people + count_people(breakout); end
			list:push({ room = room.jid, people = people });
		end
	end
	return 200, { rooms = list };
end

--- Ends a meeting for everybody. People in breakout rooms go first: nothing is left that they could come back to.
local function end_room(room, order)
	local breakouts = breakouts_of(room);
	for _, breakout in ipairs(breakouts) do breakout:destroy(nil, order.text); end
	if not room:destroy(nil, order.text) then return 409, { error = "not_allowed" }; end
	module:log("info", "usher ended %s with %d breakout rooms", room.jid, #breakouts);
	return 200, { ended = 1 + #breakouts };
end

--- Jitsi's web client shows the JSON as a message of the system and passes over the body (lib-jitsi-meet, ChatRoom,
-- onMessage); any other client shows the body.
local function announcement(room, text)
	local said = json.encode({ type = "system_chat_message", message = text });
	return st.message({ type = "groupchat", from = room.jid, id = new_id() }, text)
		:text_tag("json-message", said, { xmlns = "http://jitsi.org/jitmeet" });
end

local function say(room, order)
	if not order.text then return 400, { error = "bad_request" }; end
	room:broadcast(announcement(room, order.text));
	for _, breakout in ipairs(breakouts_of(room)) do breakout:broadcast(announcement(breakout, order.text)); end
	return 200, { said = true };
end

--- Puts one connection of somebody out of a room.
local function put_out(room, real_jid, text)
	for nick, occupant in room:each_occupant() do
		if occupant.jid == real_jid or occupant.sessions[real_jid] then
			return room:set_role(true, nick, nil, text);
		end
	end
end

local function remove(room, order)
	if type(order.occupant) ~= "string" then return 400, { error = "bad_request" }; end
	local gone = put_out(room, order.occupant, order.text);
	for _, breakout in ipairs(breakouts_of(room)) do gone = put_out(breakout, order.occupant, order.text) or gone; end
	if not gone then return 404, { error = "unknown_occupant" }; end
	return 200, { removed = true };
end

--- Reads what is to be done, finds the room, and does it.
local function perform(act, request)
	local body = request.body or "";
	if #body > MAX_REQUEST then return 413, { error = "too_large" }; end
	local ok, order = pcall(json.decode, body);
	if not ok or type(order) ~= "table" or type(order.room) ~= "string" then return 400, { error = "bad_request" }; end
	local text, bad = text_for_people(order.text);
	if bad then return 400, { error = "bad_request" }; end
	local room_jid = jid.prep(order.room);
	local room = room_jid and jid.host(room_jid) == module.host
		and prosody.hosts[module.host].modules.muc.get_room_from_jid(room_jid);
	if not room then return 404, { error = "unknown_room" }; end
	return act(room, { text = text, occupant = order.occupant });
end

--- A route: who does not know the secret learns nothing but that.
local function answering(handler)
	return function (event)
		local response = event.response;
		response.headers.content_type = "application/json";
		response.headers.cache_control = "no-store";
		if not knows_secret(event.request) then
			response.status_code = 401;
			response.headers.www_authenticate = "Bearer";
			return json.encode({ error = "unauthorized" });
		end
		local ok, status, answer = pcall(handler, event.request);
		if not ok then
			module:log("error", "acting for usher failed: %s", status);
			status, answer = 500, { error = "internal" };
		end
		response.status_code = status;
		return json.encode(answer);
	end
end

local function acting(act)
	return answering(function (request) return perform(act, request); end);
end

module:depends("http");
module:provides("http", {
	name = "usher", default_path = "/usher",
	route = {
		["GET /rooms"] = answering(list_rooms),
		["POST /end"] = acting(end_room),
		["POST /say"] = acting(say),
		["POST /remove"] = acting(remove),
	},
});

-- === Life of the module ===

function module.save()
	return { queue = queue, stream = stream, rooms = rooms };
end

function module.restore(saved)
	if not saved.queue then return; end
	queue, stream, rooms = saved.queue, saved.stream, saved.rooms;
	wake();
end

function module.unload()
	local batch = flight;
	flight = nil;
	if timer then timer:stop(); end
	if batch then
		batch.watchdog:stop();
		if batch.request then http.destroy_request(batch.request); end
	end
end

local function watch_sessions(host)
	if prosody.hosts[host].type == "local" then
		module:context(host):hook("resource-unbind", guarded("unbind", on_unbind), 1); -- before mod_presence says goodbye
	end
end

for host in pairs(prosody.hosts) do watch_sessions(host); end
module:hook_global("host-activated", guarded("host", watch_sessions));
module:hook("muc-room-created", guarded("room created", on_room_created), -1);
module:hook("muc-occupant-joined", guarded("joined", on_joined), -1); -- after modules that make moderators
module:hook("muc-occupant-left", guarded("left", on_left), 1); -- before mod_muc ends the empty room
module:hook("muc-broadcast-presence", guarded("presence", on_presence), 100);
module:hook("muc-room-destroyed", guarded("room closed", on_room_destroyed), 1);

local function roster_tick()
	guarded("roster", want_roster)();
	return roster_interval;
end

-- The first roster waits for module.restore, which Prosody calls after this file.
module:add_timer(0, roster_tick);

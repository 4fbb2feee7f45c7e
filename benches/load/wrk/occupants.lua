-- Plays event_sync: people come into and leave many rooms that are open at once, one call each.
-- Arguments: name of the run, file with the credential, number of rooms for each thread.
-- Each thread walks through rooms of its own: in one walk somebody joins each, in the next they leave again.
require "result"

local JOINED = '{"event_name":"muc-occupant-joined","room_name":"%s","room_jid":"%s@conference.meet.bench.test",'
  .. '"is_breakout":false,"active_occupants_count":1,"occupant":{"occupant_jid":"%s@meet.bench.test/%s",'
  .. '"joined_at":%d,"id":"ann","name":"Ann","email":"ann@example.test"}}'
local LEFT = '{"event_name":"muc-occupant-left","room_name":"%s","room_jid":"%s@conference.meet.bench.test",'
  .. '"is_breakout":false,"active_occupants_count":0,"occupant":{"occupant_jid":"%s@meet.bench.test/%s",'
  .. '"joined_at":%d,"left_at":%d,"id":"ann","name":"Ann","email":"ann@example.test"}}'

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

function init(arguments)
  run = arguments[1]
  rooms = tonumber(arguments[3])
  sent = 0
  started = os.time()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. assert(io.open(arguments[2], "rb")):read("*a")
end

function request()
  local walk = math.floor(sent / rooms)
  local room = ("load-%d-%d"):format(thread_number, sent % rooms)
  local session = ("%s-%d"):format(run, math.floor(walk / 2))
  sent = sent + 1
  if walk % 2 == 0 then
    return wrk.format(nil, "/events/occupant/joined", nil, JOINED:format(room, room, session, session, started))
  end
  return wrk.format(nil, "/events/occupant/left", nil,
    LEFT:format(room, room, session, session, started, os.time()))
end

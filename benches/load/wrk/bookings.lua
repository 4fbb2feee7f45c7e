-- Books a new appointment with every request. Arguments: name of the run, file with the credential.
require "result"

local BODY = '{"appointmentId":"%s-%d-%d","therapistId":"therapist-123","clientId":"patient-456",'
  .. '"therapistName":"Dr. Sarah Johnson","clientName":"John Smith","durationMinutes":60,"callType":"video"}'

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

function init(arguments)
  run = arguments[1]
  booked = 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. assert(io.open(arguments[2], "rb")):read("*a")
end

function request()
  booked = booked + 1
  return wrk.format(nil, nil, nil, BODY:format(run, thread_number, booked))
end

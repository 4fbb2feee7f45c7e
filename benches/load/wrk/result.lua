-- Prints what a run came to as one line of JSON, which harness/wrk.py reads. Times in microseconds.

local LINE = 'RESULT {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,'
  .. '"refused":%d,"broken":%d}\n'

function done(summary, latency)
  local errors = summary.errors
  io.write(LINE:format(summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

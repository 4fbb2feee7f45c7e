-- Posts the same body again and again. Arguments: file with the body, file with the credential.
require "result"

local function content(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(arguments)
  wrk.method = "POST"
  wrk.body = content(arguments[1])
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. content(arguments[2])
end

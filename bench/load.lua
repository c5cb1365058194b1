-- Sends requests that were written beforehand (bench/echo, binary `requests`): a string per call,
-- nothing is formatted while the clock runs. Prints one line of results that a program can read.

local requests = {}
local count = 0
local position = 0

-- Each request stands behind its length: eight digits and a newline.
function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    while true do
        local length = file:read(9)
        if not length then
            break
        end
        count = count + 1
        requests[count] = file:read(tonumber(length))
    end
    file:close()
    assert(count > 0, "no requests in the file")
end

function request()
    position = position % count + 1
    return requests[position]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format(
        'RESULT {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"failed":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed
    ))
end

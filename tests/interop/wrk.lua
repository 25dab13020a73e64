-- For wrk -s: asks for the files named behind "--", FOLDER first, and compares every answer with them. Its last line is
-- an object: answers that were right and wrong, and wrk's own counts of errors.
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(arguments)
    right, wrong, turn = 0, 0, 0
    bodies, requests = {}, {}
    for number = 2, #arguments do
        local file = assert(io.open(arguments[1] .. "/" .. arguments[number], "rb"))
        bodies[file:read("*a")] = true
        file:close()
        requests[number - 1] = wrk.format("GET", "/" .. arguments[number])
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function response(status, headers, body)
    if status == 200 and bodies[body] then
        right = right + 1
    else
        wrong = wrong + 1
    end
end

function done(summary)
    local right, wrong, errors = 0, 0, summary.errors
    for _, thread in ipairs(threads) do
        right = right + thread:get("right")
        wrong = wrong + thread:get("wrong")
    end
    io.write(string.format(
        '\n{"right": %d, "wrong": %d, "connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
        right, wrong, errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

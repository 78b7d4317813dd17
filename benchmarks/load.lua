-- For wrk: the requests of a kind of load, and one line of JSON at the end.
--
--   wrk ... -s load.lua URL -- KIND
--
--   plain      GET with a Host field and no other
--   close      the same, and the connection is to end
--   http10     the same in HTTP/1.0, without a word about the connection
--   pipelined  sixteen of `plain` at once
--   echo       POST with 10 KiB
--   browser    twelve fields such as a browser sends, in some 600 bytes. Each value but Host's has a
--              number that never comes again, so that nobody lives off a cache.

local PIPELINED, BODY_BYTES = 16, 10240

local parts, number = {}, os.time() % 100000 * 1000000

local function constant(text)
  request = function() return text end
end

local function browser(host)
  local head = table.concat({
    "GET / HTTP/1.1",
    "Host: " .. host,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/# Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8,x/#",
    "Accept-Language: en-GB,en;q=0.5,x-#",
    "Accept-Encoding: gzip, deflate, br, x-#",
    "Referer: http://" .. host .. "/pages/#",
    "Cookie: session=#; theme=dark",
    "Origin: http://#.example",
    "Cache-Control: max-age=#",
    'If-None-Match: "#"',
    'Sec-CH-UA: "Chromium";v="128", "Brand";v="#"',
    "X-Request-ID: #",
    "\r\n",
  }, "\r\n")
  for part in head:gmatch("[^#]+") do
    parts[#parts + 1] = part
  end
  request = function()
    number = number + 1
    return table.concat(parts, string.format("%012.0f", number))
  end
end

function init(args)
  local kind, host = args[1], wrk.headers["Host"]
  if kind == "close" then
    wrk.headers["Connection"] = "close"
  elseif kind == "http10" then
    constant("GET / HTTP/1.0\r\nHost: " .. host .. "\r\n\r\n")
  elseif kind == "pipelined" then
    constant(string.rep(wrk.format(), PIPELINED))
  elseif kind == "echo" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.body = string.rep("0123456789abcdef", BODY_BYTES / 16)
  elseif kind == "browser" then
    browser(host)
  elseif kind ~= "plain" then
    error("an unknown kind of load: " .. tostring(kind))
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'outcome {"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, ' ..
    '"p99.9": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9), errors.connect, errors.read, errors.write,
    errors.timeout, errors.status))
end

-- For wrk: twelve fields such as a browser sends, in some 600 bytes.
-- Each value but Host's has a number that never comes again, so that nobody lives off a cache.

local parts, number = {}, os.time() % 100000 * 1000000

function init()
  local host = wrk.headers["Host"]
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
end

function request()
  number = number + 1
  return table.concat(parts, string.format("%012.0f", number))
end

-- Takes up, keeps or closes the work that a dead server's end makes.
-- KEYS  the server's hash
-- ARGV  incarnation, 'take' (only if nobody has kept it for the time of a claim) | 'keep' | 'release' | 'settle', time of a claim in ms
-- answer  1 | 0: not dead, another incarnation, settled already, or in other hands
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'settledAt', 'endClaimedAt')
if record[1] ~= ARGV[1] or record[2] ~= 'dead' or record[3] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == 'take' and now - (tonumber(record[4]) or 0) < tonumber(ARGV[3]) then return 0 end
if ARGV[2] == 'release' then now = 0 end
redis.call('HSET', KEYS[1], ARGV[2] == 'settle' and 'settledAt' or 'endClaimedAt', string.format('%.0f', now))
return 1

-- Adds an act to the audit log, and removes the oldest acts beyond the limits.
--
-- KEYS  1 acts (hash: id -> JSON)  2 order (sorted set: ids, all with the score 0, so that they sort by their text)
-- ARGV  1 end of the new id  2 JSON  3 maximum number of acts  4 maximum age, ms
-- Returns the id: Redis' time in ms, with 13 digits, and the given end.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = string.format('%013d', now) .. '-' .. ARGV[1]
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('ZADD', KEYS[2], 0, id)

local removed = redis.call('ZRANGEBYLEX', KEYS[2], '-', '(' .. string.format('%013d', now - ARGV[4]), 'LIMIT', 0, 100)
local excess = redis.call('ZCARD', KEYS[2]) - #removed - ARGV[3]
if excess > 0 then
  for _, old in ipairs(redis.call('ZRANGE', KEYS[2], #removed, #removed + math.min(excess, 100) - 1)) do table.insert(removed, old) end
end
if #removed > 0 then
  redis.call('HDEL', KEYS[1], unpack(removed))
  redis.call('ZREM', KEYS[2], unpack(removed))
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return id

-- Imposes a sanction on a user, which replaces an earlier one, and removes sanctions that have ended.
--
-- KEYS  1 sanctions (hash: user -> JSON)  2 order (sorted set: `<time> <user>`, all with the score 0, so that they sort by their text)
--       3 ends (sorted set: users by the time at which their sanction ends; users without an end are not in it)
-- ARGV  1 user  2 end, ms since 1970 ('': none)  3 fields of the sanction without its time, as JSON  4 maximum number of sanctions
-- Returns the sanction as JSON; nil when there are too many.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function remove(user)
  local json = redis.call('HGET', KEYS[1], user)
  if not json then return end
  redis.call('HDEL', KEYS[1], user)
  redis.call('ZREM', KEYS[2], string.format('%013d', cjson.decode(json).at) .. ' ' .. user)
  redis.call('ZREM', KEYS[3], user)
end

for _, user in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)) do remove(user) end
remove(ARGV[1])
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return nil end
local json = string.format('{"at":%.0f,', now) .. string.sub(ARGV[3], 2)
redis.call('HSET', KEYS[1], ARGV[1], json)
redis.call('ZADD', KEYS[2], 0, string.format('%013d', now) .. ' ' .. ARGV[1])
if ARGV[2] ~= '' then redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1]) end
return json

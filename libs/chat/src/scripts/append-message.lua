-- Stores a message once, with the next number of its channel, and publishes it.
-- KEYS  1 messages (list and channel)  2 sender  3 muted users  4 budget of the channel  5 record of the room, only for the chat of a room
-- ARGV  1 id of the message  2 generation of the store  3 message (JSON)  4 number of messages to keep  5 TTL of the channel in ms
--       6 number of ids to keep for each sender  7 their TTL in ms
-- Returns {'stored', message} or {'gone'} when the room does not exist. A message is `<seq> <ms> <generation> <JSON>`.
local field = 'id:' .. ARGV[1]
local stored = redis.call('HGET', KEYS[2], field)
if stored then return { 'stored', stored } end
if KEYS[5] and redis.call('EXISTS', KEYS[5]) == 0 then return { 'gone' } end
local now = now_ms()
local last = redis.call('LINDEX', KEYS[1], -1)
local seq = now
if last then
  local number, generation = string.match(last, '^(%d+) %d+ (%S+) ')
  seq = tonumber(number) + 1
  -- The store may have lost messages when it restarted. A number that a client has seen must not be used again. A channel takes far fewer
  -- messages than one per ms, and at most a burst of them at once.
  if generation ~= ARGV[2] then seq = math.max(seq, now) + 1000 end
end
local message = string.format('%.0f %.0f %s %s', seq, now, ARGV[2], ARGV[3])
redis.call('RPUSH', KEYS[1], message)
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[4]), -1)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
-- `n` counts the ids of the sender. Above the maximum, a new id replaces the oldest one.
local place = redis.call('HINCRBY', KEYS[2], 'n', 1) % tonumber(ARGV[6])
local old = redis.call('HGET', KEYS[2], 'at:' .. place)
if old then redis.call('HDEL', KEYS[2], old) end
redis.call('HSET', KEYS[2], 'at:' .. place, field, field, message)
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[7]) then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
redis.call('PUBLISH', KEYS[1], message)
return { 'stored', message }

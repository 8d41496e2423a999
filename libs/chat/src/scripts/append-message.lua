-- Stores a chat message, gives it the next sequence number of its channel, and publishes it. A repeated call with the same id stores
-- nothing.
-- KEYS  1 messages of the channel (list), also the name of the Redis channel  2 sender (hash)  3 muted users (not read)
--       4 budget of the channel (not read)  5 record of the room; absent in the chat of a lobby
-- ARGV  1 id of the message  2 store generation  3 message (JSON)  4 maximum number of messages in the channel
--       5 TTL of the channel in ms  6 maximum number of message ids per sender  7 TTL of the sender in ms
-- Returns {'stored', message}; the message is "NUMBER TIME GENERATION JSON", with the store time in ms
--         {'gone'}: the room does not exist
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
  -- A new generation means that the store may have lost the latest messages. The new number must be higher than every lost number. Lost
  -- numbers are below the store time in ms plus 1000, because a channel accepts fewer than one message per ms.
  if generation ~= ARGV[2] then seq = math.max(seq, now) + 1000 end
end
local message = string.format('%.0f %.0f %s %s', seq, now, ARGV[2], ARGV[3])
redis.call('RPUSH', KEYS[1], message)
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[4]), -1)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
-- The field `n` counts the ids of the sender. When the maximum is reached, each new id replaces the oldest id.
local place = redis.call('HINCRBY', KEYS[2], 'n', 1) % tonumber(ARGV[6])
local old = redis.call('HGET', KEYS[2], 'at:' .. place)
if old then redis.call('HDEL', KEYS[2], old) end
redis.call('HSET', KEYS[2], 'at:' .. place, field, field, message)
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[7]) then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
redis.call('PUBLISH', KEYS[1], message)
return { 'stored', message }

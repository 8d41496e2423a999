-- Stores the result of the checks in the record of a living incarnation. Without misses, deletes the votes against it.
-- KEYS  the server's record
-- ARGV  incarnation, misses, unheard (0 | 1)
-- Returns 1 | 0: the incarnation is dead, the record belongs to another one, or there is no record
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return 0 end
redis.call('HSET', KEYS[1], 'suspect', ARGV[2], 'unheard', ARGV[3])
if ARGV[2] == '0' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 5) == 'vote:' then redis.call('HDEL', KEYS[1], field) end
  end
end
return 1

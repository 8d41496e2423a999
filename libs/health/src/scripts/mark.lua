-- Writes the result of the last health checks to the record of a server. When no check was missed, deletes all votes to evict the server.
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 number of missed checks  3 '1': the server answers only by link and not through Redis, '0': otherwise
-- Returns 1: written
--         0: the server is dead, has another incarnation, or has no record
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return 0 end
redis.call('HSET', KEYS[1], 'suspect', ARGV[2], 'unheard', ARGV[3])
if ARGV[2] == '0' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 5) == 'vote:' then redis.call('HDEL', KEYS[1], field) end
  end
end
return 1

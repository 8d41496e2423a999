-- Lifts the sanction of a user. A repeated call changes nothing.
--
-- KEYS  1 sanctions (hash)  2 order (sorted set)  3 ends (sorted set), as in impose.lua
-- ARGV  1 user
-- Returns the lifted sanction as JSON; nil when there was none.

local json = redis.call('HGET', KEYS[1], ARGV[1])
if not json then return nil end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], string.format('%013d', cjson.decode(json).at) .. ' ' .. ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return json

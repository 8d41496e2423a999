-- Takes back a mark of `mark-suspect.lua`: the input came to its end.
-- KEYS  1 record
-- ARGV  1 epoch ('' : the room is being set up)  2 id of the start  3 the input
-- gives 1; 0 where the record holds no such mark
local mark = ARGV[1] == '' and 'start ' .. ARGV[2] .. ' ' .. ARGV[3] or ARGV[1] .. ' ' .. ARGV[3]
if redis.call('HGET', KEYS[1], 'suspect') ~= mark then return 0 end
redis.call('HDEL', KEYS[1], 'suspect')
return 1

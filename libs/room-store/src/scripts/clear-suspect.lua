-- Removes a mark of `mark-suspect.lua` after the owner has finished the input.
-- KEYS  1 record
-- ARGV  1 epoch ('' : the room is being set up)  2 id of the start  3 the input
-- Returns 1, or 0 when the record has no mark of this input.
local mark = ARGV[1] == '' and 'start ' .. ARGV[2] .. ' ' .. ARGV[3] or ARGV[1] .. ' ' .. ARGV[3]
if redis.call('HGET', KEYS[1], 'suspect') ~= mark then return 0 end
redis.call('HDEL', KEYS[1], 'suspect')
return 1

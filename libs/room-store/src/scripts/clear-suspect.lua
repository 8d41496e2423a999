-- Removes the mark that `mark-suspect.lua` wrote, after the owner has finished the input.
-- KEYS  1 record of the room
-- ARGV  1 epoch ('' : the setup of the game)  2 id of the start  3 input
-- Returns 1: the mark is removed
--         0: the record has no mark of this input
local mark = ARGV[1] == '' and 'start ' .. ARGV[2] .. ' ' .. ARGV[3] or ARGV[1] .. ' ' .. ARGV[3]
if redis.call('HGET', KEYS[1], 'suspect') ~= mark then return 0 end
redis.call('HDEL', KEYS[1], 'suspect')
return 1

-- A user goes to a room, or out of one, unless what asks for it is late.
--
-- KEYS  1 the user
-- ARGV  1 room, or '' for none  2 '1': as a watcher  3 turn and  4 number of the request, '' of nobody in particular
--       5 room they must be in now, or '' for any  6 '1': admissions since do not matter  7 TTL, seconds
-- Answers 1, or 0 when it is late, or they are in another room.

if isOvertaken(KEYS[1], ARGV[3], ARGV[4], ARGV[6] == '1') then return 0 end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[1], 'room') ~= ARGV[5] then return 0 end
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'room', 'watching', 'by')
else
  redis.call('HSET', KEYS[1], 'room', ARGV[1], 'watching', ARGV[2], 'by', ARGV[3] .. ':' .. ARGV[4])
end
noteMove(KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return 1

-- Restores a room in a store that lost the room or fell back to an older record. The caller is a gateway, and the values are from the last
-- record that the gateway has read. The script never writes the status `playing`, because only the owner restores a running game. When the
-- gateway knows that the game has ended, the script also ends the game in the store.
-- KEYS  1 record of the room  2 log  3 checkpoint  4 `closed` (see `close-room.lua`)
-- ARGV  1 revision  2 document of the room  3 game  4 status  5 round  6 result (JSON, '' : none)
--       7 store time of the last change of the document or the status, in ms  8 id of the start ('' : none)  9 epoch
--       10 '1': the room is private, '0': it is public
-- Returns 0 restored
--         1 nothing is written, because the room is closed
--         2 nothing is written, because the store has this revision or a later one
local room = redis.call('HMGET', KEYS[1], 'rev', 'status', 'round', 'epoch')
if not room[1] and redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
if room[1] and tonumber(room[1]) >= tonumber(ARGV[1]) then return 2 end
local round, knownRound = tonumber(room[3]) or 0, tonumber(ARGV[5])
local epoch, knownEpoch = tonumber(room[4]) or 0, tonumber(ARGV[9])

-- Ends the game that the store shows as running. The gateway has read a later record, in which this game has ended.
local function endGame()
  redis.call('HSET', KEYS[1], 'owner', '', 'incarnation', '', 'batch', '')
  redis.call('HDEL', KEYS[1], 'suspect', 'poison', 'losses')
  redis.call('DEL', KEYS[2], KEYS[3])
end

redis.call('HSET', KEYS[1], 'rev', ARGV[1], 'doc', ARGV[2], 'game', ARGV[3], 'since', ARGV[7], 'private', ARGV[10])
if ARGV[4] == 'playing' then
  if not room[1] or round < knownRound then
    if room[2] == 'playing' then endGame() end
    redis.call('HSET', KEYS[1], 'status', 'waiting', 'round', ARGV[5], 'start', '')
    redis.call('HDEL', KEYS[1], 'result')
  end
elseif room[2] ~= 'playing' or round < knownRound or epoch <= knownEpoch then
  if room[2] == 'playing' then endGame() end
  redis.call('HSET', KEYS[1], 'status', ARGV[4], 'round', ARGV[5], 'start', ARGV[8])
  if knownEpoch > epoch then redis.call('HSET', KEYS[1], 'epoch', ARGV[9]) end
  if ARGV[6] == '' then redis.call('HDEL', KEYS[1], 'result') else redis.call('HSET', KEYS[1], 'result', ARGV[6]) end
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 0

-- Appends a batch of changes to the log of each of some rooms: fenced by epoch and owner, conditional on the position.
-- Sent again after a lost reply it answers as the first time.
-- KEYS  of each room: 1 record  2 log
-- ARGV  of each room: 1 epoch  2 owner  3 incarnation  4 version before  5 version after  6 batch id  7 changes
-- gives for each room:
--       0 ok  1 fenced  2 behind (the store has less than the owner)  3 missing  4 conflict (another writer with my epoch)
local function append(record, log, expected, owner, incarnation, before, after, batch, changes)
  local room = redis.call('HMGET', record, 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status')
  if not room[1] then return 3 end
  local epoch, mine = tonumber(room[1]), tonumber(expected)
  if epoch > mine then return 1 end
  if epoch < mine then return 2 end
  if room[2] ~= owner or room[3] ~= incarnation or room[6] ~= 'playing' then return 1 end
  if room[4] == before then
    redis.call('XADD', log, expected .. '-' .. after, 'f', before, 'c', changes)
    redis.call('HSET', record, 'version', after, 'batch', batch)
    return 0
  end
  if room[4] == after and room[5] == batch then return 0 end
  if tonumber(room[4]) > tonumber(before) then return 4 end
  return 2
end

local answers = {}
for index = 1, #KEYS / 2 do
  answers[index] = append(KEYS[2 * index - 1], KEYS[2 * index], unpack(ARGV, 7 * index - 6, 7 * index))
end
return answers

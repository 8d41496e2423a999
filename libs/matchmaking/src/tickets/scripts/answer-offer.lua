-- Stores a user's answer to an offered match. The last acceptance moves the match from the stage `offered` to the stage `making`. A repeated
-- call returns the same result.
-- KEYS  1 users  2 holds  3 matches  4 answers (see `ticket-functions.lua`)
-- ARGV  1 match  2 user  3 'accepted' or 'declined'
-- Returns {'unknown'}: the match is not offered to this user
--         {'stored', accepted, players}: the answer is stored, and answers of other players are missing
--         {'complete', accepted, players}: this answer was the last acceptance
--         {'making', players, players}: all players had accepted before this call
-- `accepted` and `players` are numbers of players.
local ticket = ticketOf(KEYS[1], ARGV[2])
local stored = redis.call('HGET', KEYS[3], ARGV[1])
if not ticket or not stored or redis.call('HGET', KEYS[2], ticket) ~= ARGV[1] then return { 'unknown' } end
local stage, players, json = string.match(stored, '^(%S+) (%S+) (.*)$')
if stage ~= 'offered' then
  if ARGV[3] == 'accepted' then return { 'making', tonumber(players), tonumber(players) } end
  return { 'unknown' }
end
local answers = cjson.decode(redis.call('HGET', KEYS[4], ARGV[1]) or '{}')
if answers[ARGV[2]] == 'declined' then return { 'unknown' } end
answers[ARGV[2]] = ARGV[3]
redis.call('HSET', KEYS[4], ARGV[1], cjson.encode(answers))
local accepted = 0
for _, answer in pairs(answers) do
  if answer == 'accepted' then accepted = accepted + 1 end
end
if accepted < tonumber(players) then return { 'stored', accepted, tonumber(players) } end
redis.call('HSET', KEYS[3], ARGV[1], 'making ' .. players .. ' ' .. json)
return { 'complete', accepted, tonumber(players) }

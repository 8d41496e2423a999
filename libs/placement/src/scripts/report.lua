-- A server's facts replace what was thought of it.
--
-- KEYS  1 the server's record  2 servers  3 expiries
-- ARGV  1 incarnation  2 rooms  3 players  4 capacity  5 standing  6 offers, separated by spaces
--       7 ramp, ms (0: none)  8… reservations of rooms that the server has taken, and counts among its rooms
-- Answers 'accepted', 'older' (a newer incarnation has reported) or 'removed'.

local server, servers, expiries = KEYS[1], KEYS[2], KEYS[3]
local incarnation, offers, ramp_ms = ARGV[1], ARGV[6], tonumber(ARGV[7])

local known = standing_of(server, incarnation)
if known == 'older' or known == 'removed' then return known end

local now = now_ms()
sweep(expiries, now, 128)

-- A newcomer starts level with the middle of those peers that are no newcomers themselves. In a large fleet some of
-- them, from the whole of the order, speak for all: a fleet that starts together would look at each other for minutes.
local PEERS_LOOKED_AT = 100

local function ramp_for_newcomer()
  local offer = string.match(offers, '%S+')
  local size = offer and redis.call('ZCARD', offer) or 0
  if ramp_ms == 0 or size == 0 then return 0 end
  local looks = math.min(size, PEERS_LOOKED_AT)
  local settled = {}
  for look = 0, looks - 1 do
    local rank = math.floor((look + 0.5) * size / looks)
    local peer = redis.call('ZRANGE', offer, rank, rank, 'WITHSCORES')
    if now - redis.call('HGET', peer[1], 'since') >= ramp_ms then settled[#settled + 1] = peer[2] end
  end
  if #settled == 0 then return 0 end
  return math.max(0, settled[math.floor(#settled / 2) + 1] - ARGV[5])
end

if known == 'newer' then
  begin(server, incarnation, now)
  redis.call('SADD', servers, server)
  redis.call('HSET', server, 'ramp', ramp_for_newcomer())
end

for i = 8, #ARGV do
  if redis.call('HGET', ARGV[i], 'server') == server then give_back(ARGV[i]) end
end

local before = redis.call('HMGET', server, 'offers', 'ramp', 'since')
if before[1] ~= offers then
  for offer in string.gmatch(before[1], '%S+') do redis.call('ZREM', offer, server) end
end
local handicap = 0
if ramp_ms > 0 then handicap = math.floor(before[2] * math.max(0, 1 - (now - before[3]) / ramp_ms)) end
redis.call('HSET', server, 'rooms', ARGV[2], 'players', ARGV[3], 'capacity', ARGV[4], 'standing', ARGV[5], 'offers', offers, 'handicap', handicap)
settle(server)
return 'accepted'

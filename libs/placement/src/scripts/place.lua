-- Chooses a server for a room and reserves a place on it, in one step.
--
-- KEYS  1 the offer for the room's game  2 the room's reservation  3 expiries
-- ARGV  1 claim, ms  2 weight of the room  3 'lowest' or 'highest'  4 a lot in [0, 1) to break ties
--       5… records of servers not to choose
-- Answers { record of the server, incarnation, 'new' or 'again' }, or nil when no server is willing.
--
-- 'again': the room had a reservation already; its lease is renewed.

local offer, reservation, expiries = KEYS[1], KEYS[2], KEYS[3]
local claim_ms, weight, takes, lot = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = now_ms()

-- Two for each one made keep up with any rate; the rest is slack after a pause.
sweep(expiries, now, 16)

local held = redis.call('HMGET', reservation, 'server', 'incarnation')
if held[1] then
  local asked_for = redis.call('HGET', held[1], 'incarnation') == held[2] and tonumber(redis.call('ZSCORE', expiries, reservation) or 0) > now
  for i = 5, #ARGV do
    if ARGV[i] == held[1] then asked_for = false end
  end
  if asked_for then
    redis.call('ZADD', expiries, now + claim_ms, reservation)
    return { held[1], held[2], 'again' }
  end
  forget(reservation, expiries)
end

-- The excluded leave the order for the length of this call.
local excluded = {}
for i = 5, #ARGV do
  local score = redis.call('ZSCORE', offer, ARGV[i])
  if score then
    excluded[ARGV[i]] = score
    redis.call('ZREM', offer, ARGV[i])
  end
end

local function best()
  local first = redis.call(takes == 'highest' and 'ZREVRANGE' or 'ZRANGE', offer, 0, 0, 'WITHSCORES')
  if not first[1] then return nil end
  local ties = redis.call('ZCOUNT', offer, first[2], first[2])
  if ties == 1 then return first[1] end
  local rank = math.floor(lot * ties)
  return redis.call(takes == 'highest' and 'ZREVRANGE' or 'ZRANGE', offer, rank, rank)[1]
end

local server = best()
-- All full: what has expired unnoticed may be just the place that is wanted.
while not server and sweep(expiries, now, 128) > 0 do server = best() end

for record, score in pairs(excluded) do redis.call('ZADD', offer, score, record) end
if not server then return nil end

redis.call('HINCRBY', server, 'reserved', 1)
redis.call('HINCRBY', server, 'weight', weight)
local incarnation = settle(server)
redis.call('HSET', reservation, 'server', server, 'incarnation', incarnation, 'weight', weight, 'counted', 1)
redis.call('ZADD', expiries, now + claim_ms, reservation)
return { server, incarnation, 'new' }

-- Writes a server's report to its record, and moves the server to the matching order and score.
--
-- KEYS  1 record of the server  2 servers (set of all records)  3 reservations  4 expiries (see `shared.lua`)
-- ARGV  1 incarnation  2 number of rooms  3 number of players  4 capacity, in rooms  5 score by the placement strategy  6 order
--       7 offers of the order, separated by spaces  8 duration of the ramp, ms (0: no ramp)
--       9… rooms that the server has opened; ARGV 2 includes them
-- Returns 'accepted'; 'older': a newer incarnation has reported; 'removed': the incarnation was removed

local server, servers, reservations, expiries = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local incarnation, order, offers, ramp_ms = ARGV[1], ARGV[6], ARGV[7], tonumber(ARGV[8])

local known = compare_incarnation(server, incarnation)
if known == 'older' or known == 'removed' then return known end

local now = now_ms()
sweep(reservations, expiries, now, 128)

-- Maximum number of peers whose scores the script reads. A new server starts with the median score of its established peers. A sample is
-- enough. When a large fleet starts, reading the scores of all peers for each server would take minutes.
local PEERS_SAMPLED = 100

local function settled_peers(peers_order, share)
  local size = redis.call('ZCARD', peers_order)
  local looks, settled = math.ceil(size * share), {}
  for look = 0, looks - 1 do
    local rank = math.floor((look + 0.5) * size / looks)
    local peer = redis.call('ZRANGE', peers_order, rank, rank, 'WITHSCORES')
    if now - redis.call('HGET', peer[1], 'since') >= ramp_ms then settled[#settled + 1] = tonumber(peer[2]) end
  end
  return settled
end

local function ramp_for_newcomer()
  local offer = string.match(offers, '%S+')
  if ramp_ms == 0 or not offer then return 0 end
  -- Peers are all servers in the first offer of the new server (see `shared.lua`), including servers of another build or version.
  local orders, size = redis.call('SMEMBERS', offer), 0
  for _, peers_order in ipairs(orders) do size = size + redis.call('ZCARD', peers_order) end
  local scores = {}
  for _, peers_order in ipairs(orders) do
    for _, score in ipairs(settled_peers(peers_order, math.min(1, PEERS_SAMPLED / size))) do scores[#scores + 1] = score end
  end
  if #scores == 0 then return 0 end
  table.sort(scores)
  return math.max(0, scores[math.floor(#scores / 2) + 1] - ARGV[5])
end

if known == 'newer' then
  begin(server, incarnation, now)
  redis.call('SADD', servers, server)
  redis.call('HSET', server, 'ramp', ramp_for_newcomer())
end

-- Confirms the reservation of a room, because the report already counts the room as open.
local function keep(room, outstanding)
  local reservation = redis.call('HGET', reservations, room)
  if not reservation then return end
  local reserved_for, weight, owner = terms_of(reservation)
  if owner ~= server or reserved_for ~= incarnation or weight == 'kept' then return end
  redis.call('HSET', reservations, room, incarnation .. ' kept ' .. server)
  outstanding.reserved, outstanding.weight = outstanding.reserved - 1, outstanding.weight - weight
end

local before = redis.call('HMGET', server, 'reserved', 'weight', 'order', 'ramp', 'since')
local outstanding = { reserved = tonumber(before[1]), weight = tonumber(before[2]) }
for i = 9, #ARGV do keep(ARGV[i], outstanding) end

if before[3] ~= order and before[3] ~= '' then leave(server, before[3]) end
local handicap = 0
if ramp_ms > 0 then handicap = math.floor(before[4] * math.max(0, 1 - (now - before[5]) / ramp_ms)) end
redis.call('HSET', server, 'rooms', ARGV[2], 'players', ARGV[3], 'capacity', ARGV[4], 'standing', ARGV[5],
  'reserved', outstanding.reserved, 'weight', outstanding.weight, 'handicap', handicap, 'order', order, 'offers', offers)
local eligible, first_offer = settle(server), string.match(offers, '%S+')
-- Redis may have lost the offers (see `shared.lua`). Adds the order to its offers again, because otherwise no request would find the
-- servers of the order.
if eligible and first_offer and redis.call('SISMEMBER', first_offer, order) == 0 then list(server, order) end
return 'accepted'

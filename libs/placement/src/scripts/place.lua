-- Chooses servers for rooms and reserves a slot for each room. The rooms are placed in sequence, as if each room had a separate call.
--
-- KEYS  1 reservations  2 expiries  3… offers (see `shared.lua`)
-- ARGV  1 duration of a lease, ms  2 the best score: 'lowest' or 'highest'  3 seed of the random choice among equal servers
--       4… for each group of rooms with equal requests: index of the offer (1: KEYS[3]), score that each room adds, number of
--       excluded servers, records of these servers, number of rooms, rooms
-- Returns a list. Its first element has the record and incarnation of each chosen server. Each further element belongs to one room: the
-- position of the room's server in the first element (the first server is 1). The position is negative when the room already had this
-- reservation, whose lease is then renewed. It is 0 when no server is eligible.
--
-- Most of the time of this script is spent in its calls of Redis. So it reads each server once, places all rooms in memory, and then writes
-- all results together.

local reservations, expiries, takes = KEYS[1], KEYS[2], ARGV[2]
math.randomseed(tonumber(ARGV[3]))

local rooms, wishes, excluded_max = {}, {}, 0
local at = 4
while ARGV[at] do
  local wish = { offer = KEYS[2 + ARGV[at]], weight = ARGV[at + 1] }
  local excluded = tonumber(ARGV[at + 2])
  for i = at + 3, at + 2 + excluded do
    wish.excluded = wish.excluded or {}
    wish.excluded[ARGV[i]] = true
  end
  excluded_max = math.max(excluded_max, excluded)
  at = at + 3 + excluded
  local count = tonumber(ARGV[at])
  for i = at + 1, at + count do
    rooms[#rooms + 1] = ARGV[i]
    wishes[#rooms] = wish
  end
  at = at + 1 + count
end

local now = now_ms()
-- For each new reservation, the script deletes up to two expired ones, so that expired reservations cannot accumulate. It deletes up to 16
-- more, so that an existing accumulation becomes smaller.
local SWEPT_MAX = 16 + 2 * #rooms
local may_more_be_expired = sweep(reservations, expiries, now, SWEPT_MAX) == SWEPT_MAX

-- The reservation of each room. A room can occur twice in one call. Its second request then finds the result of its first request here.
local held = {}
for i, reservation in ipairs(redis.call('HMGET', reservations, unpack(rooms))) do
  if reservation then
    local incarnation, _, server = terms_of(reservation)
    held[rooms[i]] = { record = server, incarnation = incarnation }
  end
end
for room in pairs(held) do
  if tonumber(redis.call('ZSCORE', expiries, room) or 0) <= now then
    forget(reservations, { room })
    held[room] = nil
  end
end

-- Writes the leases before the reservations. So each reservation has a lease, even if the script fails between the two writes. A sweep
-- would not find a reservation without a lease.
local leases, lease_end = {}, string.format('%d', now + ARGV[1])
for i, room in ipairs(rooms) do leases[2 * i - 1], leases[2 * i] = lease_end, room end
redis.call('ZADD', expiries, unpack(leases))

-- Data that this call has in memory: orders by key and by offer, servers with new reservations, and the new reservations. A server with a
-- new reservation has the fields `incarnation`, `reserved` and `weight` of its record, and the number of its free slots (`free`).
local orders, orders_of, changed, taken = {}, {}, {}, {}

local function orders_for(offer)
  if not orders_of[offer] then
    local those = {}
    for i, key in ipairs(redis.call('SMEMBERS', offer)) do
      -- Copies one server for each room, one for each excluded server, and one more. The additional server shows whether further servers
      -- have the same score as the last of the others.
      orders[key] = orders[key] or read_order(key, takes, #rooms + excluded_max + 1)
      those[i] = orders[key]
    end
    orders_of[offer] = those
  end
  return orders_of[offer]
end

local function give(room, wish, server, order)
  if not server.incarnation then
    local record = redis.call('HMGET', server.record, 'incarnation', 'rooms', 'reserved', 'capacity', 'weight')
    server.incarnation, server.reserved, server.weight = record[1], record[3], record[5]
    server.free = record[4] - record[2] - record[3]
    server.order = order
    changed[#changed + 1] = server
  end
  server.reserved, server.weight, server.free = server.reserved + 1, server.weight + wish.weight, server.free - 1
  server.score = server.score + wish.weight
  if server.free > 0 then stand(order, server) end
  taken[#taken + 1], taken[#taken + 2] = room, server.incarnation .. ' ' .. wish.weight .. ' ' .. server.record
  held[room] = server
end

local function write_back()
  if #taken > 0 then redis.call('HSET', reservations, unpack(taken)) end
  local scores = {}
  for _, server in ipairs(changed) do
    local key = server.order.key
    redis.call('HSET', server.record, 'reserved', server.reserved, 'weight', server.weight)
    if server.free == 0 then
      leave(server.record, key)
    else
      local those = scores[key] or {}
      those[#those + 1], those[#those + 2] = server.score, server.record
      scores[key] = those
    end
  end
  for key, those in pairs(scores) do redis.call('ZADD', key, unpack(those)) end
  orders, orders_of, changed, taken = {}, {}, {}, {}
end

local function keeps(place, wish)
  if wish.excluded and wish.excluded[place.record] then return false end
  return redis.call('HGET', place.record, 'incarnation') == place.incarnation
end

local function place(room, wish)
  local server, order = take_best(orders_for(wish.offer), wish.excluded)
  -- No server has a free slot. The deletion of more expired reservations can free one.
  while not server and may_more_be_expired do
    write_back()
    may_more_be_expired = sweep(reservations, expiries, now, 128) == 128
    server, order = take_best(orders_for(wish.offer), wish.excluded)
  end
  if server then give(room, wish, server, order) end
end

local servers, numbers, answers = {}, {}, {}
local function number_of(server)
  local name = server.record
  if not numbers[name] then
    servers[#servers + 1], servers[#servers + 2] = name, server.incarnation
    numbers[name] = #servers / 2
  end
  return numbers[name]
end

for i, room in ipairs(rooms) do
  local is_again = held[room] ~= nil
  if is_again and not keeps(held[room], wishes[i]) then
    write_back()
    forget(reservations, { room })
    held[room], is_again = nil, false
  end
  if not is_again then place(room, wishes[i]) end
  local number = held[room] and number_of(held[room]) or 0
  answers[i + 1] = is_again and -number or number
end
write_back()

local refused = {}
for _, room in ipairs(rooms) do
  if not held[room] then refused[#refused + 1] = room end
end
if #refused > 0 then redis.call('ZREM', expiries, unpack(refused)) end
answers[1] = servers
return answers

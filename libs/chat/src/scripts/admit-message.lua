-- Checks whether a user may send a chat message now. If so, takes one token from the budget of the user and one from the budget of the
-- channel. Budgets are token buckets.
-- KEYS  1 messages of the channel (list)  2 sender (hash: budget, sent messages by id)  3 muted users (set)  4 budget of the channel
--       5 record of the room; absent in the chat of a lobby
-- ARGV  1 user  2 id of the message
--       3 messages per minute that the user may send  4 largest burst of the user, in messages
--       5 messages per minute that the channel accepts  6 largest burst of the channel, in messages
--       7 TTL of a budget in ms; it must be longer than the time in which an empty budget fills up
-- Returns {'ok'}: the user may send the message
--         {'stored', message}: the message with this id is already stored
--         {'wait', ms}: a budget is empty; the user may try again after this time
--         {'muted'}: the user is muted
--         {'gone'}: the room does not exist
local stored = redis.call('HGET', KEYS[2], 'id:' .. ARGV[2])
if stored then return { 'stored', stored } end
if KEYS[5] and redis.call('EXISTS', KEYS[5]) == 0 then return { 'gone' } end
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return { 'muted' } end
local now = now_ms()
local own = tokens_of(KEYS[2], tonumber(ARGV[3]), tonumber(ARGV[4]), now)
if own < 1 then return { 'wait', wait_ms(own, tonumber(ARGV[3])) } end
local all = tokens_of(KEYS[4], tonumber(ARGV[5]), tonumber(ARGV[6]), now)
if all < 1 then return { 'wait', wait_ms(all, tonumber(ARGV[5])) } end
take_token(KEYS[2], own, now, ARGV[7])
take_token(KEYS[4], all, now, ARGV[7])
return { 'ok' }

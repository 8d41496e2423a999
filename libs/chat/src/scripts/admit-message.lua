-- Decides whether a user may send a message now, and takes it from the budgets of the user and of the channel.
-- KEYS  1 messages  2 sender (hash: budget, stored messages by id)  3 muted users (set)  4 budget of the channel
--       5 record of the room, only for the chat of a room
-- ARGV  1 user  2 id of the message  3 messages per minute and  4 burst of a user  5 and 6 the same of the channel
--       7 TTL of a budget in ms, longer than it needs to be full
-- Returns {'ok'}; {'stored', message} for a repeat; {'wait', ms}; {'muted'}; {'gone'} when the room does not exist.
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

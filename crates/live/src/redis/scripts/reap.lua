-- Gives a node up: it is fenced, and one other node tells its rooms.
--
-- KEYS: alive, info, lost, the fence of the node. ARGV: node, milliseconds of a lease, milliseconds
-- that the fence stands, 'gone' when the node itself says so.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[2])
local beat = redis.call('ZSCORE', KEYS[1], ARGV[1])
local claim = redis.call('ZSCORE', KEYS[3], ARGV[1])
if ARGV[4] == 'gone' then
  claim = 0
elseif beat then
  if now - beat < lease then
    return 0
  end
  claim = now
elseif claim and now - claim < lease then
  return 0
else
  -- Known nowhere, or whoever began with its rooms is gone.
  claim = now
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('SET', KEYS[4], 1, 'PX', ARGV[3])
redis.call('ZADD', KEYS[3], claim, ARGV[1])
return 1

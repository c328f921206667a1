-- Answers who lives. With an entry of its own the node says that it does.
--
-- KEYS: alive, info, lost, the fence of this node. ARGV: node, entry ('' to look only).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fenced = redis.call('EXISTS', KEYS[4])
if fenced == 0 and ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
local nodes = {}
local alive = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #alive, 2 do
  nodes[#nodes + 1] = {alive[i], math.max(0, now - alive[i + 1]),
    redis.call('HGET', KEYS[2], alive[i]) or '{}'}
end
local gone = {}
local lost = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
for i = 1, #lost, 2 do
  gone[#gone + 1] = {lost[i], math.max(0, now - lost[i + 1])}
end
return {fenced, nodes, gone}

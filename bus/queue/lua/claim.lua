-- claim: settles the last batch, moves what is due, takes back what was lost, leases the next heads.
-- args from 4: worker, nonce, lease ms, limit, number of settles; per settle: id, lane, token, step, at ms, health.
-- Returns: ms until the next lane is due or lost (-1 = none), then per claim: id, lane, endpoint, token, lease
-- until ms, crashes. A repeated command (same nonce) gets the leases it was given.

local function settle(q, rules, now, id, lane, token, step, at, health)
  local lease = read_lease(q, 'own', lane) or read_lease(q, 'poison', lane)
  if not lease or lease.token ~= token or lease.id ~= id then return end
  local head = read_record(q, id)
  if step == 'done' then
    call('LPOP', q .. 'l:' .. lane)
    call('HDEL', q .. 'm', id)
  else
    head.crashes = 0
    head.due = step == 'delay' and at or 0
    head.parked = step == 'park'
    write_record(q, head)
  end
  told(q, lease.ep, lane, token, health, rules, now)
  moved(q, lane)
  rest(q, lane, lease.ep, rules, now)
end

local function leased(q, lane, lease, crashes)
  return { lease.id, lane, lease.ep, lease.token, call('ZSCORE', q .. 'lease', lane), tostring(crashes) }
end

local function extend_list(list, more)
  for _, value in ipairs(more) do list[#list + 1] = value end
end

-- The answer to a command that was carried out before and whose reply was lost.
local function again(q, worker, nonce, answer)
  local last = split(call('GET', q .. 'c:' .. worker) or '')
  if last[1] ~= nonce then return false end
  for n = 2, #last do
    local lease = read_lease(q, 'own', last[n])
    if lease and lease.worker == worker then
      extend_list(answer, leased(q, last[n], lease, read_record(q, lease.id).crashes))
    end
  end
  return true
end

local function next_due(q, now)
  local soonest = -1
  for _, key in ipairs({ 'delay', 'lease', 'wait' }) do
    local first = call('ZRANGE', q .. key, 0, 0, 'WITHSCORES')
    if first[2] then
      local left = math.max(0, tonumber(first[2]) - now)
      if soonest < 0 or left < soonest then soonest = left end
    end
  end
  return soonest
end

-- The ready lane to go next; and whether it goes as a probe. A probe is another lane than the one that failed last,
-- where there is one: what a receiver cannot bear must not keep it from all the rest.
local function next_lane(q, ep)
  local f = call('HMGET', q .. 'ep:' .. ep, 'state', 'last')
  local lanes = call('ZRANGE', q .. 'r:' .. ep, 0, f[1] and 1 or 0)
  return f[1] and lanes[1] == f[2] and lanes[2] or lanes[1], f[1]
end

-- One lane per endpoint per turn. A lane that lost a worker before is taken at most one per call, so that what
-- travels in a batch with a poisonous delivery is not counted poisonous with it.
local function take(q, a, rules, now, answer)
  local worker, limit, until_ms = a[4], tonumber(a[7]), now + tonumber(a[6])
  local lanes, aside, suspect = { a[5] }, {}, false
  while #lanes <= limit do
    local ep = call('ZRANGE', q .. 'act', 0, 0)[1]
    if not ep then break end
    local lane, probing = next_lane(q, ep)
    local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
    if head.crashes > 0 and suspect then
      call('ZREM', q .. 'act', ep)
      aside[#aside + 1] = ep
    else
      suspect = suspect or head.crashes > 0
      local token = next_token(q, a[1])
      if probing then call('HSET', q .. 'ep:' .. ep, 'probe', token) end
      place(q, lane, ep, rules, 'leased', until_ms, join(VERSION, token, head.id, ep, worker))
      call('ZADD', q .. 'act', 'XX', call('INCR', q .. 'turn'), ep)
      lanes[#lanes + 1] = lane
      extend_list(answer, { head.id, lane, ep, token, whole_number(until_ms), tostring(head.crashes) })
    end
  end
  for _, ep in ipairs(aside) do touch(q, ep, rules) end
  if #lanes > 1 then call('SET', q .. 'c:' .. worker, table.concat(lanes, SEP), 'PX', a[6]) end
end

serve('claim', { 'allow-oom' }, function(q, a, rules)
  local now, answer, news = clock(), { 0 }, tonumber(a[8]) > 0
  if again(q, a[4], a[5], answer) then return answer end
  for n = 9, 8 + 6 * tonumber(a[8]), 6 do
    settle(q, rules, now, a[n], a[n + 1], a[n + 2], a[n + 3], tonumber(a[n + 4]), a[n + 5])
  end
  for _, lane in ipairs(call('ZRANGEBYSCORE', q .. 'delay', '-inf', now, 'LIMIT', 0, STEPS)) do
    rest(q, lane, read_record(q, call('LINDEX', q .. 'l:' .. lane, 0)).ep, rules, now)
    news = true
  end
  for _, lane in ipairs(call('ZRANGEBYSCORE', q .. 'lease', '-inf', now, 'LIMIT', 0, STEPS)) do
    crash(q, lane, rules, now, a[1])
    news = true
  end
  for _, ep in ipairs(call('ZRANGEBYSCORE', q .. 'wait', '-inf', now, 'LIMIT', 0, STEPS)) do
    wake(q, ep, now)
    touch(q, ep, rules)
    news = true
  end
  take(q, a, rules, now, answer)
  if call('EXISTS', q .. 'act') == 0 then
    call('DEL', q .. 'bell') -- nothing to claim: whoever listens would be woken for nothing
  elseif news or #answer > 1 then
    ring(q) -- more than this caller took: the next one is woken
  end
  answer[1] = next_due(q, now)
  return answer
end)

-- extend: args from 4: lease ms; per claim: id, lane, token. Returns the ids still held.
serve('extend', { 'allow-oom' }, function(q, a, _)
  local until_ms, held = whole_number(clock() + tonumber(a[4])), {}
  for n = 5, #a, 3 do
    local lease = read_lease(q, 'own', a[n + 1])
    if lease and lease.id == a[n] and lease.token == a[n + 2] then
      call('ZADD', q .. 'lease', 'XX', until_ms, a[n + 1])
      held[#held + 1] = a[n]
    end
  end
  return held
end)

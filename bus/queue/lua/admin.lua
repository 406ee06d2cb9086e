-- What operators, the supervisor and the sweep ask for; and the change of generation.

-- release: args from 4: lane. A parked or waiting lane is ready now, its crashes forgotten.
serve('release', { 'allow-oom' }, function(q, a, rules)
  local lane = a[4]
  local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
  if not head or call('HEXISTS', q .. 'own', lane) == 1 then return 0 end
  head.parked, head.due, head.crashes = false, 0, 0
  write_record(q, head)
  moved(q, lane)
  rest(q, lane, head.ep, rules, clock(), 'any')
  ring(q)
  return 1
end)

-- expire_worker: args from 4: worker. Its leases are lost now, not when they run out. Returns how many.
serve('expire_worker', { 'allow-oom' }, function(q, a, rules)
  local now, ended = clock(), 0
  local lanes = call('HKEYS', q .. 'own')
  table.sort(lanes)
  for _, lane in ipairs(lanes) do
    if read_lease(q, 'own', lane).worker == a[4] then
      crash(q, lane, rules, now, a[1])
      ended = ended + 1
    end
  end
  if ended > 0 then ring(q) end
  return ended
end)

-- poisoned: per lane: id, lane, endpoint, token, crashes.
serve('poisoned', { 'no-writes', 'allow-oom' }, function(q, _, _)
  local found = {}
  for _, lane in ipairs(call('HKEYS', q .. 'poison')) do
    local lease = read_lease(q, 'poison', lane)
    for _, value in ipairs({ lease.id, lane, lease.ep, lease.token, tostring(read_record(q, lease.id).crashes) }) do
      found[#found + 1] = value
    end
  end
  return found
end)

-- behind: args from 4: limit. Lanes that wait for a rebuild.
serve('behind', { 'no-writes', 'allow-oom' }, function(q, a, _)
  local lanes, limit = {}, tonumber(a[4])
  for _, lane in ipairs(call('HKEYS', q .. 'behind')) do
    if #lanes >= limit then break end
    lanes[#lanes + 1] = lane
  end
  return lanes
end)

-- obey: args from 4: revision; are retries stopped ('' = no | 'ever' | ms until); per endpoint: name, pause
-- ('' = none | 'ever' | ms until), cap ('' = the default), rate ('' = the default).
-- The whole of what the journal orders: what is not named is not ordered any more. An older revision changes nothing.
serve('obey', { 'allow-oom' }, function(q, a, rules)
  if tonumber(text_of(q .. 'obeyed') or '0') >= tonumber(a[4]) then return 0 end
  call('SET', q .. 'obeyed', a[4])
  if a[5] == '' then call('DEL', q .. 'stopped') else call('SET', q .. 'stopped', a[5]) end
  local ordered = {}
  for n = 6, #a, 4 do
    call('SADD', q .. 'eps', a[n])
    ordered[a[n]] = { pause = a[n + 1], cap = a[n + 2], rate = a[n + 3] }
  end
  local endpoints = call('SMEMBERS', q .. 'eps')
  table.sort(endpoints)
  for _, ep in ipairs(endpoints) do
    local order = ordered[ep] or { pause = '', cap = '', rate = '' }
    if (said_of(q, ep).rate or '') ~= order.rate then unsay(q, ep, 'bucket', 'dry') end
    for field, value in pairs(order) do
      if value == '' then unsay(q, ep, field) else say(q, ep, field, value) end
    end
    watch(q, ep)
    touch(q, ep, rules)
  end
  ring(q)
  return 1
end)

-- endpoints: per endpoint: name, state, until, fails, opens, pause, cap, rate, lanes ready, lanes in flight.
serve('endpoints', { 'no-writes', 'allow-oom' }, function(q, _, rules)
  local found = {}
  for _, ep in ipairs(call('SMEMBERS', q .. 'eps')) do
    found[#found + 1] = ep
    local f = call('HMGET', q .. 'ep:' .. ep, 'state', 'until', 'fails', 'opens', 'pause', 'cap', 'rate')
    f[7] = rate_of(ep, f[7], rules)
    for n = 1, 7 do found[#found + 1] = f[n] or '' end
    found[#found + 1] = call('ZCARD', q .. 'r:' .. ep)
    found[#found + 1] = call('SCARD', q .. 'i:' .. ep)
  end
  return found
end)

-- places: args from 4: lanes. Per lane: where it is, as the structures themselves say.
serve('places', { 'no-writes', 'allow-oom' }, function(q, a, _)
  local found = {}
  for n = 4, #a do
    local lane = a[n]
    local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
    local where = 'nowhere'
    if head then
      if call('ZSCORE', q .. 'r:' .. head.ep, lane) then where = 'ready'
      elseif call('ZSCORE', q .. 'delay', lane) then where = 'waiting'
      elseif call('ZSCORE', q .. 'lease', lane) then where = 'leased'
      elseif call('SISMEMBER', q .. 'park', lane) == 1 then where = 'parked' end
    end
    found[#found + 1] = where
  end
  return found
end)

-- stats: lanes ready, leased, waiting, parked; deliveries.
serve('stats', { 'no-writes', 'allow-oom' }, function(q, _, _)
  local ready = 0
  for _, ep in ipairs(call('SMEMBERS', q .. 'eps')) do ready = ready + call('ZCARD', q .. 'r:' .. ep) end
  return { ready, call('ZCARD', q .. 'lease'), call('ZCARD', q .. 'delay'), call('SCARD', q .. 'park'),
    call('HLEN', q .. 'm') }
end)

-- finish: the rebuild of this generation was walked to its end.
serve('finish', { 'allow-oom' }, function(q, a, _)
  call('SET', q .. 'whole', a[1])
  return 1
end)

-- The rest works across generations, so it is not served through the check.
local function open_door(name, flags, body)
  redis.register_function { function_name = PREFIX .. name, flags = flags,
    callback = function(keys, args) return body(keys[1], args) end }
end

-- begin: args: generation. Closes the queue to everyone until `open`. Generations only grow.
-- Returns 0 = already open, 1 = to be emptied now.
open_door('begin', { 'allow-oom' }, function(q, a)
  local have = text_of(q .. 'gen') or '0'
  if have == a[1] then return 0 end
  if math.abs(tonumber(have) or 0) > tonumber(a[1]) then
    return redis.error_reply('LTGEN generation ' .. have .. ' is newer than ' .. a[1])
  end
  call('SET', q .. 'gen', '-' .. a[1])
  return 1
end)

-- clear: args: generation, cursor. Removes some keys; in steps, so that nobody waits long. Returns the next cursor.
open_door('clear', { 'allow-oom' }, function(q, a)
  if call('GET', q .. 'gen') ~= '-' .. a[1] then return redis.error_reply('LTGEN not being emptied for ' .. a[1]) end
  local found = call('SCAN', a[2], 'MATCH', q .. '*', 'COUNT', 1000)
  for _, key in ipairs(found[2]) do
    if key ~= q .. 'gen' and string.sub(key, #q + 1, #q + 5) ~= 'lock:' then call('UNLINK', key) end
  end
  return found[1]
end)

-- open: args: generation, partitions it has.
open_door('open', { 'allow-oom' }, function(q, a)
  local have = call('GET', q .. 'gen')
  if have == '-' .. a[1] then
    call('SET', q .. 'gen', a[1])
    call('SET', q .. 'parts', a[2])
  elseif have ~= a[1] then
    return redis.error_reply('LTGEN generation ' .. (have or '0') .. ' not ' .. a[1])
  end
  return 1
end)

-- lock: args: name, owner, ms. The owner may take it again, which prolongs it, or by 0 ms gives it back.
open_door('lock', { 'allow-oom' }, function(q, a)
  local key = q .. 'lock:' .. a[1]
  local holder, ms = text_of(key), tonumber(a[3])
  if holder and holder ~= a[2] then
    -- All our locks run out, in the time they are taken for. One that does not was written by somebody else; one that
    -- has longer to go was taken while the clock was ahead. Both would shut out everybody.
    local left = call('PTTL', key)
    if left >= 0 and (left <= ms or ms == 0) then return 0 end
  end
  if ms > 0 then
    call('SET', key, a[2], 'PX', a[3])
  else
    call('DEL', key)
  end
  return 1
end)

-- ring: wakes one who waits.
open_door('ring', { 'allow-oom' }, function(q, _)
  ring(q)
  return 1
end)

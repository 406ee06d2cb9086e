-- Where a lane is. `place` is the only writer of ready, waiting, leased and parked; `rest` decides from the head's
-- record. Nothing else touches r:*, act, delay, lease, own, i:*, park or poison.

-- An endpoint can be claimed from while it has a ready lane, does not rest, and has room in flight.
local function touch(q, ep, rules)
  local e = meet(q, ep)
  if e.active == nil then e.active = call('ZSCORE', q .. 'act', ep) ~= false end
  if ready_of(q, ep) > 0 and has_room(q, ep, rules) then
    if not e.active then
      e.active = true
      call('ZADD', q .. 'act', count(q, 'turn'), ep)
    end
  elseif e.active then
    e.active = false
    call('ZREM', q .. 'act', ep)
  end
end

-- Out of one place, or, where it may be in any, out of all of them. `was`: place, and the lease if it had one.
local function leave(q, lane, ep, e, was, lease)
  if was == 'ready' or was == 'any' then
    ready_of(q, ep)
    e.ready = e.ready - call('ZREM', q .. 'r:' .. ep, lane)
  end
  if was == 'waiting' or was == 'any' then later('ZREM', q .. 'delay', lane) end
  if was == 'parked' or was == 'any' then
    later('SREM', q .. 'park', lane)
    later('HDEL', q .. 'poison', lane)
  end
  if was == 'leased' or was == 'any' then
    if was == 'any' then lease = read_lease(q, 'own', lane) end
    unleased(q, ep, lease)
    flying_of(q, ep)
    e.flying = e.flying - call('SREM', q .. 'i:' .. ep, lane)
    later('ZREM', q .. 'lease', lane)
    later('HDEL', q .. 'own', lane)
  end
end

-- `was`: where the caller knows it to be, or 'any'; with the lease it leaves.
local function place(q, lane, ep, rules, was, left, where, value, lease)
  local e = meet(q, ep)
  if e.active == nil then e.active = call('ZSCORE', q .. 'act', ep) ~= false end
  leave(q, lane, ep, e, was, left)
  if was == 'nowhere' and where == 'ready' and e.active then -- it stays claimable, by one lane more
    call('ZADD', q .. 'r:' .. ep, whole_number(value), lane)
    e.ready = e.ready and e.ready + 1
    return
  end
  if where == 'ready' then
    ready_of(q, ep)
    if e.ready == 0 then call('SADD', q .. 'eps', ep) end
    e.ready = e.ready + call('ZADD', q .. 'r:' .. ep, whole_number(value), lane)
  elseif where == 'waiting' then
    later('ZADD', q .. 'delay', whole_number(value), lane)
    if value == STOPPED then call('SET', q .. 'held', '1') end
  elseif where == 'leased' then
    flying_of(q, ep)
    e.flying = e.flying + call('SADD', q .. 'i:' .. ep, lane)
    later('ZADD', q .. 'lease', whole_number(value), lane)
    later('HSET', q .. 'own', lane, lease)
  elseif where == 'parked' then
    later('SADD', q .. 'park', lane)
  end
  touch(q, ep, rules)
end

-- Puts an unleased lane where its head belongs. Returns where. `was` and `left` as in `place`.
-- `known`: the head's record, where the caller has just written it.
local function rest(q, lane, ep, rules, now, was, left, known)
  local head = known or read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
  if not head then
    place(q, lane, ep, rules, was, left, 'nowhere')
    return 'nowhere'
  elseif head.parked then
    place(q, lane, ep, rules, was, left, 'parked')
    return 'parked'
  elseif head.due > now then
    place(q, lane, ep, rules, was, left, 'waiting', head.due)
    return 'waiting'
  end
  place(q, lane, ep, rules, was, left, 'ready', head.score)
  return 'ready'
end

-- Adds a delivery to the tail; says nothing about where the lane is. Returns its record.
local function append(q, lane, ep, e, now, old)
  local score = old and old.score or (e.priority * BAND + count(q, 'seq'))
  local record = { id = e.id, lane = lane, ep = ep, score = score, crashes = old and old.crashes or 0,
    created = old and old.created or whole_number(now), due = e.due, parked = e.parked,
    tried = e.tried or (old and old.tried) }
  write_record(q, record)
  if e.priority ~= NORMAL then call('SET', q .. 'bands', '1') end
  call('RPUSH', q .. 'l:' .. lane, e.id)
  return record
end

-- A lease was lost: the head is tried again at once, unless it took three workers with it.
local function crash(q, lane, rules, now, generation)
  local lease = read_lease(q, 'own', lane)
  local head = read_record(q, lease.id)
  head.crashes = head.crashes + 1
  head.tried = true -- it may have been sent
  local poisonous = head.crashes >= CRASHES
  head.parked = head.parked or poisonous
  write_record(q, head)
  rest(q, lane, head.ep, rules, now, 'leased', lease)
  if poisonous then
    call('HSET', q .. 'poison', lane, join(VERSION, next_token(q, generation), head.id, head.ep, lease.worker))
  end
end

-- Whether an endpoint may be claimed from: pause, breaker, rate, room in flight. Only this file and `claim` write ep:* and
-- wait. The breaker is one for all workers: it opens after so many failures in a row, lets one probe out when its
-- time has come, and closes when the endpoint answers, whatever it answers.

-- Is there room for one more lane? Asks no clock: what ends by time is ended by `wake`. An endpoint that did not
-- answer last gets no more lanes than failures are left to it, so that a dead one costs no more tries than that.
local function has_room(q, ep, rules)
  local f = call('HMGET', q .. 'ep:' .. ep, 'cap', 'pause', 'state', 'probe', 'well', 'fails', 'dry')
  if f[2] or f[3] == 'open' or f[4] or f[7] then return false end
  local most = tonumber(f[1]) or rules.lanes
  if rules.failures > 0 and not f[3] and not f[5] then
    most = math.min(most, math.max(1, rules.failures - (tonumber(f[6]) or 0)))
  end
  return call('SCARD', q .. 'i:' .. ep) < most
end

-- Notes when the endpoint is to be looked at again.
local function watch(q, ep)
  local f = call('HMGET', q .. 'ep:' .. ep, 'state', 'until', 'pause', 'dry')
  local at = f[1] == 'open' and tonumber(f[2])
  for n = 3, 4 do
    local ends = tonumber(f[n])
    if ends and (not at or ends < at) then at = ends end
  end
  if at then call('ZADD', q .. 'wait', whole_number(at), ep) else call('ZREM', q .. 'wait', ep) end
end

-- Its time has come: a pause ends, an open breaker lets one probe out, there is a token again.
local function wake(q, ep, now)
  local key = q .. 'ep:' .. ep
  local f = call('HMGET', key, 'state', 'until', 'pause', 'dry')
  if f[1] == 'open' and tonumber(f[2]) <= now then
    call('HSET', key, 'state', 'half')
    call('HDEL', key, 'until')
  end
  if (tonumber(f[3]) or now + 1) <= now then call('HDEL', key, 'pause') end
  if (tonumber(f[4]) or now + 1) <= now then call('HDEL', key, 'dry') end
  watch(q, ep)
end

local function shut(q, ep, until_ms)
  local key = q .. 'ep:' .. ep
  call('HDEL', key, 'probe', 'well', 'fails')
  call('HSET', key, 'state', 'open', 'until', whole_number(until_ms))
  watch(q, ep)
end

-- Each time in a row twice as long. Half of it is left to chance, so that endpoints that fell together are not
-- probed together; the chance is drawn from the token, which never repeats.
local function open(q, ep, lane, opens, token, rules, now)
  local full = math.min(rules.most, rules.first * 2 ^ math.min(opens, 30))
  local part = 50 + tonumber(string.match(token, '(%d+)$')) * 37 % 51
  shut(q, ep, now + math.floor(full * part / 100))
  call('HSET', q .. 'ep:' .. ep, 'opens', opens + 1, 'last', lane)
end

-- What a settlement says of the endpoint: 'well' (it answered), 'ill' (it did not), '' (nothing).
local function told(q, ep, lane, token, health, rules, now)
  if health == '' or rules.failures == 0 then return end
  local key = q .. 'ep:' .. ep
  local f = call('HMGET', key, 'state', 'probe', 'well', 'fails', 'opens')
  if health == 'well' then
    if f[1] or f[4] or not f[3] then
      call('HDEL', key, 'state', 'until', 'probe', 'fails', 'opens', 'last')
      call('HSET', key, 'well', '1')
      watch(q, ep)
    end
  elseif not f[1] then
    local fails = (tonumber(f[4]) or 0) + 1
    if fails >= rules.failures then
      open(q, ep, lane, tonumber(f[5]) or 0, token, rules, now)
    else
      call('HDEL', key, 'well')
      call('HSET', key, 'fails', fails, 'last', lane)
    end
  elseif f[2] == token then -- others were sent before it opened: they tell nothing new
    open(q, ep, lane, tonumber(f[5]) or 0, token, rules, now)
  end
end

-- A lane leaves its lease. If it was the probe and nothing was told, another goes out soon.
local function unleased(q, lane, ep)
  local probe = call('HGET', q .. 'ep:' .. ep, 'probe')
  if not probe then return end
  local lease = read_lease(q, 'own', lane)
  if lease and lease.token == probe then shut(q, ep, clock() + AGAIN) end
end

-- The rate of an endpoint: as ordered, else as the caller's settings say; nil = none.
local function rate_of(ep, ordered, rules)
  if ordered then return ordered end
  local _, last = string.find(rules.rates, ';' .. ep .. '=', 1, true)
  return last and string.match(rules.rates, '^[^;]+', last + 1)
end

-- A bucket's level now, in parts of a token that fill up at `count` a ms; a whole token is `span` of them. Whole
-- numbers only. A clock that went back adds nothing. A bucket of another rate is a new one, and full.
local function level_of(rate, bucket, now)
  local count, span, burst = string.match(rate, '^(%d+)/(%d+)/(%d+)$')
  count, span = tonumber(count), tonumber(span)
  local most, f = tonumber(burst) * span, split(bucket or '')
  if f[1] ~= rate then return most, count, span end
  return math.min(most, tonumber(f[2]) + math.max(0, now - tonumber(f[3])) * count), count, span
end

local function fill_up(q, ep, rate, level, count, span, now)
  local key = q .. 'ep:' .. ep
  call('HSET', key, 'bucket', join(rate, whole_number(level), whole_number(now)))
  if level < span then
    call('HSET', key, 'dry', whole_number(now + math.ceil((span - level) / count)))
  else
    call('HDEL', key, 'dry')
  end
  call('SET', q .. 'tick', whole_number(now))
  watch(q, ep)
end

-- One token is spent. False: there is none; the endpoint rests until there is.
local function spend(q, ep, rate, bucket, now)
  local level, count, span = level_of(rate, bucket, now)
  local paid = level >= span
  fill_up(q, ep, rate, paid and level - span or level, count, span, now)
  return paid
end

-- The clock went back: nobody waits for the next token longer than it takes to come.
local function clock_went_back(q, rules, now)
  for _, ep in ipairs(call('ZRANGE', q .. 'wait', 0, -1)) do
    local f = call('HMGET', q .. 'ep:' .. ep, 'dry', 'rate', 'bucket')
    local rate = f[1] and rate_of(ep, f[2], rules)
    if rate then
      local level, count, span = level_of(rate, f[3], now)
      fill_up(q, ep, rate, level, count, span, now)
    elseif f[1] then
      call('HDEL', q .. 'ep:' .. ep, 'dry')
      watch(q, ep)
    end
  end
  call('SET', q .. 'tick', whole_number(now))
end

-- What a claim must know beforehand: latest token taken, whether retries are stopped now and whether some lanes wait
-- because they were, whether there are several bands.
local function weather(q, now)
  local f = call('MGET', q .. 'tick', q .. 'stopped', q .. 'held', q .. 'bands')
  return { tick = tonumber(f[1]) or 0, stopped = f[2] and (tonumber(f[2]) or now + 1) > now, held = f[3], bands = f[4] }
end

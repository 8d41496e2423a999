// The operators' page: what the admin API says, drawn, and its verbs as buttons. It uses nothing else.

const LOOK_MS = 2_000;
const EVENTS_KEPT = 200;
const ROOMS_SHOWN = 50;
const TOKEN_KEY = 'holdfast-admin-token';

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
let token = sessionStorage.getItem(TOKEN_KEY) ?? '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let nextLook;

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = /** @type {HTMLInputElement} */ ($('token')).value.trim();
  void enter();
});
if (token) void enter();

async function enter() {
  try {
    await look();
  } catch (error) {
    $('refusal').textContent = error instanceof Error ? error.message : String(error);
    return;
  }
  sessionStorage.setItem(TOKEN_KEY, token);
  $('login').hidden = true;
  $('fleet').hidden = false;
  void follow();
  schedule();
}

function schedule() {
  clearTimeout(nextLook);
  nextLook = setTimeout(async () => {
    try {
      await look();
    } catch (error) {
      $('summary').textContent = `This gateway does not answer: ${error instanceof Error ? error.message : error}`;
    }
    schedule();
  }, LOOK_MS);
}

async function look() {
  const [{ servers }, fleet, { rooms, total }] = await Promise.all([ask('servers'), ask('fleet'), ask(`rooms?limit=${ROOMS_SHOWN}`)]);
  $('summary').textContent =
    `${fleet.rooms} rooms, ${fleet.players} players, ${fleet.freeSlots} of ${fleet.slots} places free; ${fleet.wantedGameServers} game servers wanted.`;
  $('servers').replaceChildren(...servers.map(serverRow));
  $('room-count').textContent = total > rooms.length ? `${rooms.length} of ${total}` : `${total}`;
  $('rooms').replaceChildren(...rooms.map(roomRow));
}

/** @param {any} server */
function serverRow(server) {
  const troubles = [
    server.suspect > 0 && 'suspect',
    server.unheard && 'unheard',
    server.cordoned && 'cordoned',
    server.canary && 'canary',
    server.deadReason,
  ].filter(Boolean);
  const state = cell([server.state, ...troubles].join(', '));
  state.className = server.state === 'dead' ? 'bad' : troubles.length > 0 || server.state !== 'ready' ? 'warn' : 'good';
  const isGame = server.type === 'game';
  const load = document.createElement('td');
  if (isGame && server.capacity > 0) {
    const meter = document.createElement('meter');
    meter.max = server.capacity;
    meter.value = server.rooms;
    meter.title = `${server.rooms} of ${server.capacity}`;
    load.append(meter);
  }
  const path = `servers/${encodeURIComponent(server.id)}`;
  const actions = document.createElement('td');
  if (isGame && server.state !== 'dead') {
    actions.append(
      server.cordoned ? button('Uncordon', `${path}/uncordon`) : button('Cordon', `${path}/cordon`),
      button('Drain', `${path}/drain`, `Move every game off ${server.id}?`),
    );
  }
  if (server.state !== 'dead')
    actions.append(button('Evict', `${path}/evict`, `Declare ${server.id} dead? That is for ever for this incarnation.`));
  const since = new Date(server.startedAt).toLocaleString();
  return row(
    server.id,
    state,
    number(isGame ? server.rooms : ''),
    load,
    number(server.players),
    number(server.lagMs),
    number(server.clockOffsetMs === null ? '' : server.clockOffsetMs / 1_000),
    since,
    server.region,
    server.build,
    actions,
  );
}

/** @param {any} room */
function roomRow(room) {
  const actions = document.createElement('td');
  if (room.status === 'playing') {
    const path = `rooms/${encodeURIComponent(room.id)}`;
    actions.append(button('Move', `${path}/migrate`), button('End', `${path}/end`, `End the game of ${room.id}?`));
  }
  const owner = typeof room.owner === 'object' && room.owner ? room.owner.server : (room.owner ?? '');
  return row(room.id, room.game, room.status, String(owner), number(room.version ?? ''), actions);
}

/** Server-sent events by fetch, since an EventSource cannot show a token. */
async function follow() {
  for (;;) {
    try {
      const response = await fetch('api/events?recent=50', { headers: authorization() });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
        text += part.value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) showEvent(block);
      }
    } catch {
      // The gateway is away; it is asked again below.
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** @param {string} block */
function showEvent(block) {
  const data = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('');
  if (!data) return;
  for (const event of [JSON.parse(data)].flat()) {
    const { at, kind, reason, id: _id, by: _by, incarnation: _incarnation, detail, ...about } = event;
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = new Date(at ?? Date.now()).toLocaleTimeString();
    const words = Object.entries({ ...about, ...detail }).map(([name, value]) => `${name} ${value}`);
    item.append(time, `${kind}: ${reason} (${words.join(', ')})`);
    $('events').prepend(item);
  }
  while ($('events').children.length > EVENTS_KEPT) $('events').lastElementChild?.remove();
}

/** @param {string} label @param {string} path @param {string} [question] */
function button(label, path, question) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.addEventListener('click', async () => {
    if (question && !confirm(question)) return;
    made.disabled = true;
    try {
      await ask(path, 'POST');
      await look();
    } catch (error) {
      alert(error instanceof Error ? error.message : error);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** @param {string} path @param {string} [method] */
async function ask(path, method = 'GET') {
  const response = await fetch(`api/${path}`, { method, headers: authorization() });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message ?? response.statusText);
  return body;
}

function authorization() {
  return { Authorization: `Bearer ${token}` };
}

/** @param {(string | HTMLTableCellElement)[]} cells */
function row(...cells) {
  const made = document.createElement('tr');
  made.append(...cells.map((content) => (typeof content === 'string' ? cell(content) : content)));
  return made;
}

/** @param {string} text */
function cell(text) {
  const made = document.createElement('td');
  made.textContent = text;
  return made;
}

/** @param {string | number} value */
function number(value) {
  const made = cell(String(value));
  made.className = 'number';
  return made;
}

/** Time from a response to the next request, in milliseconds. A daemon that needs long is asked less often. */
const PAUSE = 2000;
const LONGEST_PAUSE = 30000;
/** Time limit of a request. The daemon itself gives up before. */
const PATIENCE = 20000;
/** The number of changes up to which each is read out. */
const MOST_NEWS = 3;

const find = (id) => document.getElementById(id);
const [filter, question, confirm] = [find("filter"), find("question"), find("confirm")];

/** Escapes the characters that are invisible or change the direction of writing, as portctl does. */
const visible = (text) =>
  String(text).replace(/[\p{Cc}\p{Cf}\p{DI}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

/** Makes an element. Data becomes text and attributes, never markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Makes an element for a name, whose direction of writing does not affect its surroundings. */
const named = (text, attributes) => make("bdi", attributes, visible(text));

/** Writes a text only if it differs, so that a selection within it stays. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Hides or shows an element, unless it is already. */
function hide(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Replaces what an element contains if the data that it shows has changed. */
const shown = new WeakMap();
function show(element, data, children) {
  const text = JSON.stringify(data) ?? "";
  if (shown.get(element) === text) return;
  shown.set(element, text);
  element.replaceChildren(...children());
}

/** Keeps an element for each item behind the first `fixed` ones. Those that stay are not moved, so that focus, selection and
    scroll position stay too. */
const kept = new WeakMap();
function arrange(parent, fixed, items, keyOf, create, update) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) after.set(keyOf(item), item);
  for (const [key, element] of before) if (!after.has(key)) element.remove();
  let place = parent.children[fixed] ?? null;
  for (const [key, item] of after) {
    const element = before.get(key) ?? create(item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
    after.set(key, element);
  }
  kept.set(parent, after);
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

/** Describes a time by its age, in portctl's words. */
function age(time) {
  const passed = Math.floor((Date.now() - Date.parse(time)) / 1000);
  const days = Math.floor(passed / 86400);
  if (!(passed >= 0) || days > 30) return visible(time).slice(0, 10);
  if (passed < 60) return "just now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/* The services */

/** Names a service as portctl does. */
const nameOf = (it) => visible(`${it.app}/${it.instance}/${it.service}`);
const stateClass = (state) => ({ up: "up", down: "down", foreign: "foreign" })[state] ?? "unknown";

/** Names a process in words. */
function processText({ pid, process, container, uid }) {
  const place = container === undefined ? [] : [`container ${visible(container)}`];
  if (pid !== undefined) return `${visible(process ?? "a process")} (${[`pid ${pid}`, ...place].join(", ")})`;
  return place[0] ?? (uid === undefined ? "an unknown process" : `a process of the user with id ${uid}`);
}

/** Shows a process: its name, its number and its container. */
function processParts(it) {
  if (it.pid === undefined) return [visible(processText(it))];
  const parts = [it.process === undefined ? "process" : named(it.process), " ", make("span", { class: "muted mono" }, String(it.pid))];
  if (it.container !== undefined) parts.push(" in container ", named(it.container));
  return parts;
}

/** Shortens a folder below a checkout's root. */
function below(dir, root) {
  if (root === undefined || !dir.startsWith(root)) return dir;
  const rest = dir.slice(root.length);
  return rest === "" || rest.startsWith("/") ? `.${rest}` : dir;
}

const isWebAddress = (url) => URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);

/** Shows a port as a link, unless its address is not one of the web. */
function portParts(port, url, label) {
  if (!isWebAddress(url)) return [String(port)];
  return [make("a", { href: url, target: "_blank", rel: "noreferrer", "aria-label": label }, String(port))];
}

/** Shows the processes of a service, one line each, and what is odd about them. */
function processLines(it) {
  const lines = [];
  const note = (...parts) => lines.push(make("span", { class: "muted" }, ...parts));
  if (it.listener) {
    lines.push(make("span", {}, ...processParts(it.listener)));
    const { dir, checkout, others = [] } = it.listener;
    if (it.state === "foreign") {
      const foreign = [it.listener, ...others].find((one) => one.checkout !== undefined && one.checkout !== it.dir);
      note("belongs to another checkout", ...(foreign ? [": ", named(foreign.checkout, { class: "mono" })] : []));
    } else if (it.state !== "up") {
      note("its checkout is unknown");
    }
    if (dir !== undefined && dir !== it.dir && !(it.state === "foreign" && dir === checkout)) {
      note("in ", named(below(dir, it.dir), { class: "mono" }));
    }
    for (const other of others) lines.push(make("span", {}, "and ", ...processParts(other)));
  } else if (it.state !== "down") {
    note("the system does not name its process");
  }
  for (const { port, listener } of it.elsewhere ?? []) {
    const url = `http://localhost:${port}`;
    const link = portParts(port, url, `${port}, which is not allocated to this checkout`);
    note("perhaps on ", ...link, " instead: ", ...processParts(listener));
  }
  return lines;
}

/** The text in which the words of the filter are looked for. */
function wordsOf(it) {
  const elsewhere = it.elsewhere ?? [];
  const processes = [it.listener, ...(it.listener?.others ?? []), ...elsewhere.map((one) => one.listener)].filter(Boolean);
  const words = [`${it.app}/${it.instance}/${it.service}`, it.port, it.state, it.dir, ...elsewhere.map((one) => one.port)];
  words.push(...processes.flatMap((one) => [one.process, one.pid, one.container, one.dir, one.checkout]));
  return words.filter((word) => word !== undefined).map(visible).join("\n").toLowerCase();
}

/* Roles are written out, because the narrow layout takes the tables their own. */
const columns = ["Service", "Port", "State", "Process", "Allocated", "Release"];

function createProject(project) {
  const id = `project-${project.rows[0].id}`;
  const heads = columns.map((it, index) => make("th", {
    scope: "col", role: "columnheader", class: ["service", "port", "state", "process", "since", "action"][index],
  }, index === 5 ? make("span", { class: "unseen" }, it) : it));
  return make("section", { "aria-labelledby": id },
    make("h2", {}, named(project.app, { id }), make("small")),
    make("table", { role: "table", "aria-labelledby": id },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads))));
}

function createCheckout({ rows: [{ instance, dir }] }) {
  const head = make("th", { scope: "rowgroup", colspan: columns.length, role: "rowheader" }, named(instance));
  if (dir !== undefined) head.append(named(dir, { class: "mono" }));
  return make("tbody", { role: "rowgroup" }, make("tr", { role: "row" }, head));
}

function createService(it) {
  const cell = (name, ...children) => make("td", { role: "cell", class: name }, ...children);
  const release = make("button", { type: "button", "aria-label": `Release port ${it.port} of ${nameOf(it)}` }, "Release");
  release.addEventListener("click", () => ask(it.id));
  const row = make("tr", { role: "row" },
    make("th", { scope: "row", role: "rowheader", class: "service" }, named(it.service)),
    cell("port", ...portParts(it.port, it.url, `${it.port}, open ${nameOf(it)}`)),
    cell("state"), cell("process"),
    cell("since", make("time", { datetime: it.created_at, title: it.created_at })),
    cell("action", release));
  row.addEventListener("animationend", () => row.classList.remove("changed"));
  return row;
}

function updateService(row, it) {
  const [, , state, process, since] = row.children;
  if (state.textContent !== it.state) {
    state.replaceChildren(make("span", { class: `is-${stateClass(it.state)}` }, visible(it.state)));
    row.classList.toggle("changed", Boolean(seen));
  }
  show(process, [it.listener, it.elsewhere, it.state], () => processLines(it));
  write(since.firstChild, age(it.created_at));
}

/** Puts items with the same key together, in the order of the keys. */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (groups.has(key)) groups.get(key).rows.push(item);
    else groups.set(key, { key, rows: [item] });
  }
  return [...groups.values()];
}

const { compare } = new Intl.Collator("en", { numeric: true });
const inOrder = (a, b) =>
  compare(a.app, b.app) || compare(a.instance, b.instance) || compare(a.dir ?? "", b.dir ?? "") || compare(a.service, b.service) || a.id - b.id;

/** The services by their id, as last shown. Null until the first response. */
let seen = null;

function render(services) {
  // Whoever is at a row that goes is taken to one that stays.
  const rows = () => [...document.querySelectorAll("tr:not([hidden]) .action button")];
  const at = rows().indexOf(document.activeElement);
  const up = (rows) => `${rows.filter((it) => it.state === "up").length} of ${rows.length} up`;
  const projects = grouped([...services].sort(inOrder), (it) => it.app);
  arrange(find("projects"), 0, projects, (it) => it.key, (it) => createProject({ app: it.key, ...it }), (section, project) => {
    write(section.querySelector("small"), up(project.rows));
    const checkouts = grouped(project.rows, (it) => JSON.stringify([it.instance, it.dir]));
    arrange(section.querySelector("table"), 1, checkouts, (it) => it.key, createCheckout, (tbody, checkout) =>
      arrange(tbody, 1, checkout.rows, (it) => it.id, createService, updateService));
  });
  hide(find("empty"), services.length > 0);
  hide(find("search"), services.length === 0);
  seen = new Map(services.map((it) => [it.id, it]));
  applyFilter();
  if (at >= 0 && !document.activeElement?.closest("tr, dialog")) (rows()[at] ?? rows()[at - 1] ?? filter).focus();
  if (question.open) {
    describeQuestion();
    lookQuietly(asked);
  }
}

/** Hides what does not contain all words of the filter. */
function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let matching = 0;
  for (const section of find("projects").children) {
    for (const tbody of section.querySelectorAll("tbody")) {
      for (const [id, row] of kept.get(tbody)) {
        const text = words.length > 0 ? wordsOf(seen.get(id)) : "";
        hide(row, !words.every((word) => text.includes(word)));
        matching += row.hidden ? 0 : 1;
      }
      hide(tbody, !tbody.querySelector("tr + tr:not([hidden])"));
    }
    hide(section, !section.querySelector("tbody:not([hidden])"));
  }
  const all = seen.size;
  const up = [...seen.values()].filter((it) => it.state === "up").length;
  const isFiltered = words.length > 0 && all > 0;
  write(find("summary"), all === 0 ? "" : isFiltered ? `${matching} of ${count(all, "service")}` : `${count(all, "service")}, ${up} up`);
  write(document.querySelector("title"), all === 0 ? "port-registry" : `${up}/${all} up · port-registry`);
  hide(find("unmatched"), !isFiltered || matching > 0);
  write(find("unmatched").firstElementChild, `No service matches “${visible(filter.value.trim())}”.`);
  return matching;
}

/** Tells screen readers what differs from the last response. */
function newsSince(before, services) {
  if (!before) return services.length === 0 ? "No ports are allocated yet" : find("summary").textContent;
  const news = [];
  for (const it of services) {
    const old = before.get(it.id);
    if (!old) news.push(`${nameOf(it)} has port ${it.port}`);
    else if (old.state !== it.state) news.push(`${nameOf(it)} is ${it.state === "up?" ? "in use by an unknown checkout" : visible(it.state)}`);
  }
  const names = new Set(services.map(nameOf));
  for (const [id, it] of before) if (!seen.has(id) && !names.has(nameOf(it))) news.push(`${nameOf(it)} is released`);
  return news.length > MOST_NEWS ? `${news.length} services have changed` : news.join(". ");
}

/* The daemon */

/** A failure that is shown as it is. */
class Trouble extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The daemon that answered last, as its header names it. */
let identity = "";

/** Sends a request to the daemon and returns the text of its response. */
async function request(method, path) {
  let response, text;
  try {
    response = await fetch(path, { method, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
    text = await response.text();
  } catch (error) {
    if (error.name === "TimeoutError") throw new Trouble("The daemon does not answer in time. Perhaps it is suspended, or the machine is busy.");
    throw new Trouble("The daemon does not answer. Start it with “portctl start”.");
  }
  identity = response.headers.get("x-port-registry") ?? "";
  if (!identity) throw new Trouble("Another program answers at this address. “portctl status” tells more.");
  if (response.ok) return text;
  let reason = response.statusText;
  try {
    reason = JSON.parse(text).error;
  } catch {
    // The status says enough.
  }
  const what = { 403: "The daemon refuses this page", 503: "The daemon is busy" }[response.status] ?? "The daemon reports an error";
  throw new Trouble(`${what}: ${visible(reason)}.`, response.status);
}

/** The version of the daemon that served this page, and the daemon that the end of the page names. */
let version;
let described = "";

/** Names the daemon at the end of the page, again when another one answers. */
async function describeDaemon() {
  if (described === identity) return;
  const current = identity;
  const daemon = JSON.parse(await request("GET", "/v1/daemon"));
  version ??= daemon.version;
  find("daemon").replaceChildren(
    `port-registry ${visible(daemon.version)} (pid ${daemon.pid}) with ports ${visible(daemon.range)} in `,
    named(daemon.store, { class: "mono" }), ". ",
    ...(version === daemon.version ? [] : ["This page is of another version: reload it. "]),
    make("a", { href: "/openapi.json" }, "API"));
  described = current;
}

function parseList(text) {
  try {
    const list = JSON.parse(text);
    if (list.every((it) => typeof it === "object" && it)) return list;
  } catch {
    // Reported below.
  }
  throw new Trouble("The daemon sent an unexpected response.");
}

let timer = 0;
let isAsking = false;
let again = false;
let lastTime = null;

async function refresh() {
  clearTimeout(timer);
  if (isAsking) {
    // The response under way may be older than the reason to ask.
    again = true;
    return;
  }
  isAsking = true;
  const start = performance.now();
  try {
    const text = await request("GET", "/v1/status");
    const services = parseList(text);
    const before = seen;
    render(services);
    const news = newsSince(before, services) || (find("trouble").textContent && "The list is up to date again");
    if (news) write(find("news"), news);
    lastTime = new Date();
    report("");
    await describeDaemon();
  } catch (error) {
    report(error instanceof Trouble ? error.message : `This page failed: ${visible(error)}.`);
  } finally {
    isAsking = false;
    const pause = again ? 0 : Math.min(Math.max(PAUSE, 5 * (performance.now() - start)), LONGEST_PAUSE);
    again = false;
    if (!document.hidden) timer = setTimeout(refresh, pause);
  }
}

/** Shows why the list is not up to date, or that it is. */
function report(message) {
  const since = lastTime ? ` The list is from ${lastTime.toLocaleTimeString()}.` : "";
  write(find("trouble"), message && `${message}${since} This page tries again by itself.`);
  document.body.classList.toggle("stale", Boolean(message));
}

/* The question before a release */

/** The service that the question is about, and what uses its port by the last look. */
let asked = null;

function ask(id) {
  const it = seen.get(id);
  asked = { it, use: "", warned: false, looks: 0, lastLook: 0 };
  write(find("question-title"), `Release port ${it.port} of ${nameOf(it)}?`);
  write(find("question-what"), "The service loses this port, and any service may get it next. No process is stopped.");
  write(find("question-error"), "");
  describeQuestion();
  question.showModal();
  lookQuietly(asked);
}

const useText = (listener) => (listener ? processText(listener) : "A process") + ((listener?.others?.length ?? 0) > 0 ? " and others" : "");

/** Adapts the question to what is known by now. */
function describeQuestion() {
  const { it, use } = asked;
  const now = seen.get(it.id);
  hide(confirm, !now);
  if (!now) {
    const moved = [...seen.values()].find((other) => nameOf(other) === nameOf(it));
    write(find("question-warning"), moved ? `It has moved to port ${moved.port} already.` : "It has been released already.");
    return;
  }
  const current = now.state === "down" ? use : useText(now.listener);
  asked.warned = Boolean(current);
  write(find("question-warning"), current && `${current} still listens on port ${it.port}. Stop it first, or release the port all the same.`);
  write(confirm, current ? "Release all the same" : "Release");
}

/** Looks at the port alone, which finds forwarded ports too. Returns whether the question has become another one since. */
async function lookAgain(about) {
  const was = about.warned;
  const look = ++about.looks;
  const port = JSON.parse(await request("GET", `/v1/ports/${about.it.port}`));
  if (asked !== about) return false;
  // Responses may arrive in another order.
  if (look > about.lastLook) {
    about.lastLook = look;
    const uses = port.usage !== undefined && !["connected", "closing", "bound"].includes(port.usage);
    about.use = uses ? useText(port.listener) : "";
    describeQuestion();
  }
  return about.warned && !was;
}

/** A failure here is shown with the list, or by the release. */
const lookQuietly = (about) => lookAgain(about).catch(() => false);

async function release() {
  const about = asked;
  confirm.disabled = true;
  write(find("question-error"), "");
  try {
    // A server may have started since the question was asked.
    if (await lookAgain(about)) return;
    await request("DELETE", `/v1/allocations/${about.it.id}`);
    question.close();
  } catch (error) {
    if (error.status === 404) question.close();
    else write(find("question-error"), error instanceof Trouble ? error.message : visible(error));
  } finally {
    confirm.disabled = false;
    refresh();
  }
}

confirm.addEventListener("click", release);
find("cancel").addEventListener("click", () => question.close());

/* Keys, and the life of the page */

let announcing = 0;
filter.addEventListener("input", () => {
  const matching = applyFilter();
  clearTimeout(announcing);
  announcing = setTimeout(() => write(find("news"), matching === 1 ? "1 service matches" : `${matching} services match`), 600);
});
function clearFilter() {
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  filter.focus();
}
find("unmatched").querySelector("button").addEventListener("click", clearFilter);
document.addEventListener("keydown", (event) => {
  if (question.open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== filter && !find("search").hidden) {
    event.preventDefault();
    filter.select();
  } else if (event.key === "Escape" && document.activeElement === filter) {
    clearFilter();
  }
});

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
// A page that the browser kept while others were visited goes on too.
addEventListener("pageshow", (event) => event.persisted && refresh());
if (!document.hidden) refresh();

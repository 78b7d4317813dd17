
// The page works without this script; what it adds stands below, one block each.

const $ = (id) => document.getElementById(id);
const table = $("entries");
const link = (row) => row.cells[0].querySelector("a");
const nameOf = (row) => row.cells[0].textContent;

// What is remembered is a convenience: some browsers forbid it.
function recall(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}
function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch { } // Then not.
}

// ---- Sizes and dates as the visitor writes them

const units = ["kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
const sizeFormats = units.map((unit) => [0, 1].map((digits) => new Intl.NumberFormat(undefined, {
  style: "unit", unit, minimumFractionDigits: digits, maximumFractionDigits: digits,
})));
const dateFormat = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});

function formatSize(bytes) {
  if (bytes < 1000) return `${bytes.toLocaleString()} B`;
  bytes /= 1000;
  let power = 0;
  for (; bytes >= 999.5 && power < units.length - 1; power += 1) bytes /= 1000;
  return sizeFormats[power][bytes < 9.95 ? 1 : 0].format(bytes);
}

function localise(row) {
  const [, size, date] = row.cells;
  if (size.title) size.textContent = formatSize(parseInt(size.title, 10));
  const time = date.firstElementChild;
  if (time) time.textContent = dateFormat.format(new Date(time.dateTime));
}

// Most rows of a large folder are never seen: a block is done when it comes near.
const localised = new WeakSet();
const seen = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    for (const row of target.rows) {
      if (!localised.has(row)) localise(row);
      localised.add(row);
      if (showsTiles()) watchPicture(row);
    }
  }
}, { rootMargin: "50%" });

// ---- Rows as they are sorted and filtered

let entries = [];
let shown = [];

// The server makes the same key.
const digits = /[0-9]+/g;
const plain = (text) => text.normalize("NFKD").toLowerCase();
const sortKey = (text) => plain(text).replace(digits, (number) => number.padStart(20, "0"));

function readEntries() {
  entries = Array.from(table.querySelectorAll("tbody tr"), (row) => {
    const [, size, date] = row.cells;
    return {
      row,
      text: plain(nameOf(row)),
      isFolder: row.classList.contains("folder"),
      size: size.title ? parseInt(size.title, 10) : -1,
      // ISO dates are in the order of their letters.
      modified: date.firstElementChild?.dateTime ?? "",
      get name() { return this.key ??= sortKey(nameOf(row)); },
    };
  });
  shown = entries;
  watchBlocks();
}

function watchBlocks() {
  seen.disconnect();
  for (const block of table.tBodies) seen.observe(block);
}

const rowsOfBlock = 240; // As on the server.
let placing;

// Puts these entries into the table, and no others: the first block at once, the others when there
// is time, so that typing and sorting answer at once in a folder of any size.
function place(next) {
  shown = next;
  clearTimeout(placing);
  const count = Math.max(Math.ceil(next.length / rowsOfBlock), 1);
  while (table.tBodies.length > count) table.tBodies[table.tBodies.length - 1].remove();
  const fill = (index) => {
    const begun = performance.now();
    for (; index < count && (index === 0 || performance.now() - begun < 8); index += 1) {
      const block = table.tBodies[index] ?? table.createTBody();
      block.setAttribute("role", "rowgroup");
      const rows = next.slice(index * rowsOfBlock, (index + 1) * rowsOfBlock).map(({ row }) => row);
      // Most of the time most of it stays.
      if (rows.length !== block.rows.length || rows.some((row, at) => row !== block.rows[at])) {
        block.replaceChildren(...rows);
      }
    }
    if (index < count) placing = setTimeout(fill, 0, index);
    else watchBlocks();
  };
  fill(0);
  watchBlocks();
}

function sortEntries(column, descending) {
  const sign = descending ? -1 : 1;
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  entries.sort((a, b) =>
    b.isFolder - a.isFolder || sign * compare(a[column], b[column]) || compare(a.name, b.name));
}

table.tHead.addEventListener("click", (event) => {
  const anchor = event.target.closest("a");
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const head = anchor.parentElement;
  const descending = head.ariaSort === "ascending";
  for (const other of table.tHead.rows[0].cells) {
    other.removeAttribute("aria-sort");
    const sorts = other.querySelector("a");
    if (sorts) sorts.search = `?sort=${sorts.dataset.column}&order=asc`;
  }
  head.ariaSort = descending ? "descending" : "ascending";
  const column = anchor.dataset.column;
  sortEntries(column, descending);
  applyFilter();
  // A reload shows the same; the link goes the other way now.
  history.replaceState(null, "", `?sort=${column}&order=${descending ? "desc" : "asc"}`);
  anchor.search = `?sort=${column}&order=${descending ? "asc" : "desc"}`;
});

const filter = $("filter");

function applyFilter() {
  const words = plain(filter.value).split(/\s+/).filter(Boolean);
  place(entries.filter(({ text }) => words.every((word) => text.includes(word))));
  $("matches").textContent = words.length
    ? `— ${shown.length.toLocaleString()} of ${entries.length.toLocaleString()} shown` : "";
}
filter.addEventListener("input", applyFilter);

// ---- Pictures as tiles

// Whole files are loaded: not those that are too large for that.
const maxPicture = navigator.connection?.saveData ? 200_000 : 8_000_000;

const pictures = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    if (!isIntersecting) continue;
    pictures.unobserve(target);
    const anchor = link(target);
    const image = new Image();
    image.alt = "";
    image.decoding = "async";
    image.onerror = () => image.remove();
    image.src = anchor.href;
    anchor.prepend(image);
  }
}, { rootMargin: "200px" });

function watchPicture(row) {
  const isPicture = row.classList.contains("image") && parseInt(row.cells[1].title, 10) <= maxPicture;
  if (isPicture && !row.querySelector("img")) pictures.observe(row);
}

const tiles = $("pictures");

function showsTiles() {
  return table.classList.contains("tiles");
}

function showTiles(on) {
  tiles.ariaPressed = String(on);
  table.classList.toggle("tiles", on);
  if (on) watchBlocks();
  else pictures.disconnect();
}
tiles?.addEventListener("click", () => {
  const on = tiles.ariaPressed !== "true";
  showTiles(on);
  remember("pictures", on ? "on" : null);
});

// ---- Keyboard

const keys = $("keys");
keys.checked = recall("keys") !== "off";
keys.addEventListener("change", () => remember("keys", keys.checked ? null : "off"));

function move(step) {
  const here = document.activeElement.closest?.("#entries tbody tr");
  const at = here ? shown.findIndex(({ row }) => row === here) + step : step > 0 ? 0 : shown.length - 1;
  const next = shown[at]?.row;
  if (next) link(next).focus();
}

function goUp() {
  const above = document.querySelectorAll(".breadcrumbs a");
  if (above.length > 1) location.href = above[above.length - 2].href;
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  h: goUp,
  Backspace: goUp,
  "/": () => { filter.focus(); filter.select(); },
  "?": () => { $("help").open = true; $("help").querySelector("summary").focus(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const { target, key } = event;
  let action;
  if (target === filter && key === "Escape") {
    action = () => {
      if (!filter.value) filter.blur();
      filter.value = "";
      applyFilter();
    };
  } else if (target === filter && key === "ArrowDown") {
    action = () => move(1);
  } else if (target.closest("#entries tbody") && (key === "ArrowDown" || key === "ArrowUp")) {
    action = () => move(key === "ArrowDown" ? 1 : -1);
  } else if (keys.checked && !target.closest("input, textarea, select")) {
    action = actions[key];
  }
  if (action) {
    event.preventDefault();
    action();
  }
});

// ---- Changes: new folders, deleting, uploads

// Takes the list from a fresh page, so that there is one place where rows are made.
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const block of [...table.tBodies]) block.remove();
  table.append(...page.getElementById("entries").tBodies);
  $("summary").textContent = page.getElementById("summary").textContent;
  const [empty, emptyNow] = [document, page].map((one) => one.querySelector(".empty"));
  if (empty && !emptyNow) empty.remove();
  if (!empty && emptyNow) table.after(emptyNow);
  readEntries();
  if (filter.value) applyFilter();
}

const reasons = {
  401: "A password is needed.", 403: "This is not allowed.", 404: "It is not there any more.",
  405: "There is something of this name already.", 409: "There is something of this name already.",
  413: "It is too large.", 507: "The disk is full.",
};
const reasonFor = (status) => reasons[status] ?? `The server answered ${status}.`;

$("new-folder")?.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const problem = form.querySelector("[role=alert]");
  const name = form.elements.mkdir.value;
  problem.textContent = "";
  if (/^\.\.?$|\//.test(name)) {
    problem.textContent = "No folder can have this name.";
    return;
  }
  try {
    const response = await fetch(`./${encodeURIComponent(name)}/`, { method: "MKCOL" });
    if (response.ok) {
      form.reset();
      $("new-folder").open = false;
      await refresh();
    } else problem.textContent = reasonFor(response.status);
  } catch {
    problem.textContent = "The server cannot be reached.";
  }
});
$("new-folder")?.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("input").focus();
});

table.addEventListener("click", async (event) => {
  const row = event.target.closest("tbody button")?.closest("tr");
  if (!row) return;
  const what = row.classList.contains("folder") ? "the folder " : "";
  if (!confirm(`Delete ${what}“${nameOf(row)}”? This cannot be undone.`)) return;
  try {
    const response = await fetch(link(row).href, { method: "DELETE" });
    if (!response.ok && response.status !== 404) {
      alert(`“${nameOf(row)}” was not deleted. ` + (response.status === 409 ? "It is not empty." : reasonFor(response.status)));
      return;
    }
    const at = shown.findIndex((entry) => entry.row === row);
    await refresh();
    // Where it was.
    if (shown.length) link(shown[Math.min(at, shown.length - 1)].row).focus();
  } catch {
    alert("The server cannot be reached.");
  }
});

// ---- Uploads by tus 1.0.0 (https://tus.io/protocols/resumable-upload)

const upload = $("upload");
const transfers = $("transfers");
const tus = { "Tus-Resumable": "1.0.0" };
const atOnce = 2;
const waiting = [];
let running = 0;

// What a browser lets us know of a file: chosen again, it goes on where it stopped.
const fingerprint = (file) => ["tus", location.pathname, file.name, file.size, file.lastModified].join("|");

function encodeName(name) {
  const bytes = new TextEncoder().encode(name);
  return btoa(String.fromCharCode(...bytes));
}

class Failure extends Error {} // Trying again would not help.
class Interruption extends Error {} // It may.

class Transfer {
  constructor(file) {
    this.file = file;
    this.key = fingerprint(file);
    this.isCancelled = false;
    this.item = document.createElement("li");
    const [name, state] = ["name", "state"].map((className) => {
      const element = document.createElement("span");
      element.className = className;
      return element;
    });
    name.textContent = name.title = file.name;
    this.state = state;
    this.bar = document.createElement("progress");
    this.bar.max = Math.max(file.size, 1);
    this.bar.value = 0;
    this.bar.ariaLabel = file.name;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.cancel());
    this.item.append(name, this.bar, state, this.button);
    this.show("Waiting", "Cancel");
  }

  show(state, button = this.button.textContent) {
    this.state.textContent = state;
    this.button.textContent = button;
    this.button.ariaLabel = `${button} ${this.file.name}`;
  }

  showOffset(offset) {
    this.bar.value = offset;
    this.show(`${formatSize(offset)} of ${formatSize(this.file.size)}`);
  }

  // The button: first it cancels, later it takes the line away.
  async cancel() {
    this.item.remove();
    transfers.hidden = !transfers.childElementCount;
    if (this.isOver) return;
    this.isCancelled = true;
    this.request?.abort();
    this.wake?.();
    const place = recall(this.key);
    remember(this.key, null);
    if (place) await fetch(place, { method: "DELETE", headers: tus }).catch(() => {});
  }

  async run() {
    let pause = 1000;
    let reached = -1;
    while (!this.isCancelled) {
      try {
        await this.attempt();
        break;
      } catch (error) {
        if (this.isCancelled) return;
        if (!(error instanceof Interruption)) {
          this.fail(error instanceof Failure ? error.message : "The file cannot be read.");
          return;
        }
      }
      // What has moved is worth trying again soon.
      if (this.bar.value > reached) pause = 1000;
      reached = this.bar.value;
      this.show("Connection lost, trying again …");
      await this.rest(pause);
      pause = Math.min(pause * 2, 8000);
    }
    if (!this.isCancelled) this.finish();
  }

  rest(milliseconds) {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, milliseconds);
      window.addEventListener("online", resolve, { once: true });
    });
  }

  async attempt() {
    let place = recall(this.key);
    let offset = place ? await this.askOffset(place) : null;
    if (offset === null) {
      place = await this.create();
      offset = 0;
      if (!this.isCancelled) remember(this.key, place);
      else await fetch(place, { method: "DELETE", headers: tus });
    }
    while (offset < this.file.size && !this.isCancelled) offset = await this.send(place, offset);
  }

  // Everything but the content itself, which needs XMLHttpRequest to know its progress.
  async ask(url, options) {
    let response;
    try {
      response = await fetch(url, options);
    } catch {
      throw new Interruption();
    }
    this.check(response.status);
    return response;
  }

  check(status) {
    // 423: whoever sent it before is not known to be gone yet.
    if (status === 423 || status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 507)) {
      throw new Interruption();
    }
  }

  async askOffset(place) {
    const response = await this.ask(place, { method: "HEAD", headers: tus });
    const offset = response.headers.get("Upload-Offset");
    // It has expired, or is none of ours.
    if (!response.ok || offset === null || Number(response.headers.get("Upload-Length")) !== this.file.size) return null;
    return Number(offset);
  }

  async create() {
    const { name, size } = this.file;
    const response = await this.ask("./", {
      method: "POST",
      headers: { ...tus, "Upload-Length": size, "Upload-Metadata": `filename ${encodeName(name)}` },
    });
    const place = response.headers.get("Location");
    if (response.status !== 201 || !place) throw new Failure(reasonFor(response.status));
    return new URL(place, response.url).href;
  }

  send(place, offset) {
    return new Promise((resolve, reject) => {
      const request = this.request = new XMLHttpRequest();
      request.open("PATCH", place);
      request.setRequestHeader("Tus-Resumable", "1.0.0");
      request.setRequestHeader("Upload-Offset", offset);
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.upload.onprogress = ({ loaded }) => this.showOffset(offset + loaded);
      request.onerror = request.onabort = request.ontimeout = () => reject(new Interruption());
      request.onload = () => {
        const reached = Number(request.getResponseHeader("Upload-Offset"));
        if (request.status === 204 && reached > offset) resolve(reached);
        // The server has another offset, or does not know it any more: that is asked for anew. But
        // when all of it was there, 409 says that the name was taken meanwhile.
        else if (request.status === 409 && this.bar.value >= this.file.size) reject(new Failure(reasonFor(409)));
        else if ([404, 409, 410, 460].includes(request.status)) reject(new Interruption());
        else {
          try {
            this.check(request.status);
            reject(new Failure(reasonFor(request.status)));
          } catch (error) {
            reject(error);
          }
        }
      };
      this.showOffset(offset);
      request.send(this.file.slice(offset));
    });
  }

  fail(reason) {
    this.isOver = true;
    remember(this.key, null);
    this.item.classList.add("failed");
    this.show(reason, "Close");
    this.state.setAttribute("role", "alert");
  }

  finish() {
    this.isOver = true;
    remember(this.key, null);
    this.bar.value = this.bar.max;
    this.show(`Done, ${formatSize(this.file.size)}`, "Close");
    this.state.setAttribute("role", "status");
  }
}

async function runNext() {
  if (running >= atOnce || !waiting.length) return;
  running += 1;
  await waiting.shift().run();
  running -= 1;
  if (!running && !waiting.length) refresh().catch(() => {});
  runNext();
}

function start(files) {
  const limit = Number(upload.querySelector("form").dataset.maxBytes) || Infinity;
  for (const file of files) {
    const transfer = new Transfer(file);
    transfers.append(transfer.item);
    transfers.hidden = false;
    if (file.size > limit) transfer.fail(`It is larger than ${formatSize(limit)}.`);
    else waiting.push(transfer);
    runNext();
  }
}

if (upload) {
  const input = upload.querySelector("input");
  input.addEventListener("change", () => {
    start([...input.files]);
    input.value = ""; // So that the same file can be chosen again.
  });

  const drop = $("drop");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // Entering a child leaves its parent.
  const show = (change) => {
    depth = Math.max(depth + change, 0);
    drop.hidden = !depth;
  };
  addEventListener("dragenter", (event) => { if (hasFiles(event)) show(1); });
  addEventListener("dragleave", (event) => { if (hasFiles(event)) show(-1); });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(-Infinity);
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
    start(items.filter((item) => !isFolder(item)).map((item) => item.getAsFile()));
    if (items.some(isFolder)) alert("Folders cannot be uploaded, only the files in them.");
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
}

readEntries();
if (tiles && recall("pictures")) showTiles(true);
if (filter.value) applyFilter(); // The browser kept it, going back.

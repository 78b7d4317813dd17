
// The page works without this script; what it adds stands below, one block each.

const $ = (id) => document.getElementById(id);
const table = $("list");
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
  const [, size, date, deletion] = row.cells;
  if (size.title) size.textContent = formatSize(parseInt(size.title, 10));
  const time = date.firstElementChild;
  if (time) time.textContent = dateFormat.format(new Date(time.dateTime));
  if (deletion) deletion.firstElementChild.ariaLabel = `Delete ${nameOf(row)}`;
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
  const here = document.activeElement.closest?.("#list tbody tr");
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
  } else if (target.closest("#list tbody") && (key === "ArrowDown" || key === "ArrowUp")) {
    action = () => move(key === "ArrowDown" ? 1 : -1);
  } else if (keys.checked && !target.closest("input, textarea, select")) {
    action = actions[key];
  }
  if (action) {
    event.preventDefault();
    action();
  }
});

// Not every browser lets keys reach what can be scrolled.
for (const box of document.querySelectorAll(".markdown :is(pre, table)")) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

readEntries();
if (tiles && recall("pictures")) showTiles(true);
if (filter.value) applyFilter(); // The browser kept it, going back.

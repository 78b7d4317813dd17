// What a visitor changes: new folders and deleting here, uploads in uploads.js. Both come behind
// page.js in one script, where anything of it is allowed.

// For who does not see what becomes of it.
function tell(what) {
  const line = document.createElement("p");
  line.textContent = what;
  $("news").append(line);
}

for (const panel of document.querySelectorAll(".panel")) {
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
}

// Takes the list from a fresh page, so that there is one place where rows are made.
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement.closest("#list tbody :is(a, button)");
  const place = focused && link(focused.closest("tr")).href;
  for (const block of [...table.tBodies]) block.remove();
  table.append(...page.getElementById("list").tBodies);
  $("summary").textContent = page.getElementById("summary").textContent;
  const [empty, emptyNow] = [document, page].map((one) => one.querySelector(".empty"));
  if (empty && !emptyNow) empty.remove();
  if (!empty && emptyNow) table.after(emptyNow);
  readEntries();
  if (filter.value) applyFilter();
  if (!focused) return;
  const again = shown.find(({ row }) => link(row).href === place);
  again?.row.querySelector(focused.localName).focus({ preventScroll: true });
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
      $("new-folder").querySelector("summary").focus();
      tell(`The folder “${name}” was made.`);
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

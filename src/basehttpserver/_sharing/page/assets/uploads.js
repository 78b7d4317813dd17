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
    const next = this.item.nextElementSibling ?? this.item.previousElementSibling;
    const hadFocus = this.item.contains(document.activeElement);
    this.item.remove();
    transfers.hidden = !next;
    if (hadFocus) (next ?? upload).querySelector("button, summary").focus();
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
    tell(`“${this.file.name}” was not uploaded. ${reason}`);
  }

  finish() {
    this.isOver = true;
    remember(this.key, null);
    this.bar.value = this.bar.max;
    this.show(`Done, ${formatSize(this.file.size)}`, "Close");
    tell(`“${this.file.name}” was uploaded.`);
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

// The page of `keepers serve`: photos go to the server a few at a time, and each answer becomes a card.
// A plain ES module without a build step; its types are JSDoc and checked by `tsc --checkJs --strict`.

import { card } from "./serve/card.js";
import { byId, part } from "./serve/dom.js";
import { itemsOf, photosOf, walk, withoutPairs } from "./serve/photos.js";

/**
 * @typedef {import("./serve/photos.js").Item} Item
 * @typedef {import("./serve/card.js").Answer} Answer
 */

/** Requests at a time: more would not be faster, and each holds a whole photo in memory. */
const AT_ONCE = 3;
/** Pixels; twice the width of a card, for dense screens. */
const THUMB_WIDTH = 640;
const CSRF = document.body.dataset.csrf ?? "";
const LIMIT = Number(document.body.dataset.limit);
const cards = byId("cards", HTMLUListElement);
const empty = byId("empty", HTMLElement);
const clearButton = byId("clear", HTMLButtonElement);
const progress = byId("progress", HTMLElement);
const note = byId("note", HTMLElement);
/** @type {HTMLButtonElement[]} */
const chips = Array.from(document.querySelectorAll("button[data-show]"));

/** Letter and name of each verdict, as the chips have them. */
const TITLES = Object.fromEntries(
  chips.map(({ dataset: { show, letter, title } }) => [show ?? "", { letter: letter ?? "", title: title ?? "" }]),
);

/** @type {Item[]} */
let waiting = [];
let running = 0;
let total = 0;
let done = 0;
let began = 0;
let shown = "all";
let round = new AbortController();

// ---- What was chosen -------------------------------------------------------------------------------------

/**
 * @param {Item[]} items
 * @param {boolean} whole a folder, of which only the photos count; chosen files are all looked at
 */
function add(items, whole) {
  const found = whole ? photosOf(items) : items;
  const photos = withoutPairs(found);
  if (photos.length === 0) return tell("There is no photo in what you chose.");
  const raws = found.length - photos.length;
  if (raws) tell(`${raws} RAW ${raws === 1 ? "file is" : "files are"} judged by the JPEG of the same name.`);
  if (total === done) began = performance.now();
  if (total === done) say(`Looking at ${plural(photos.length)}.`);
  waiting.push(...photos);
  total += photos.length;
  show();
  pump();
}

/** @param {DataTransfer} data */
async function dropped(data) {
  // Taken before anything is awaited: the browser empties the list when the event is over.
  const files = itemsOf(data.files);
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (!entries.some((entry) => entry.isDirectory)) {
    if (files.length) add(files, false);
    return;
  }
  try {
    add((await Promise.all(entries.map(walk))).flat(), true);
  } catch {
    tell("The browser could not read the folder; use “Choose folder” instead.");
  }
}

// ---- Asking the server -----------------------------------------------------------------------------------

function pump() {
  while (running < AT_ONCE) {
    const item = waiting.shift();
    if (!item) return;
    running += 1;
    const { signal } = round;
    look(item, signal).finally(() => {
      running -= 1;
      if (!signal.aborted) {
        done += 1;
        show();
        if (done === total) say(`All ${plural(total)} looked at.`);
      }
      pump();
    });
  }
}

/** @param {Item} item @param {AbortSignal} signal */
async function look(item, signal) {
  const small = item.file.size <= LIMIT ? await thumbnail(item.file) : null;
  if (signal.aborted) return;
  const answer = await ask(item, small === null, signal);
  if (signal.aborted || answer === null) return;
  const source = small ? URL.createObjectURL(small) : answer.preview ?? null;
  const made = card(item, answer, source, TITLES);
  made.hidden = shown !== "all" && shown !== made.dataset.verdict;
  cards.append(made);
}

/**
 * A small copy made here: a page of full-size photos would need gigabytes. Null where the browser cannot read it.
 * @param {File} file
 * @returns {Promise<Blob | null>}
 */
async function thumbnail(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: THUMB_WIDTH, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  } catch {
    return null;
  }
}

/**
 * The server's answer, or a sentence of why there is none. Null when the server is gone: then all asking stops.
 * @param {Item} item
 * @param {boolean} preview ask for a picture to show as well
 * @param {AbortSignal} signal
 * @returns {Promise<Answer | null>}
 */
async function ask({ file }, preview, signal) {
  if (file.size > LIMIT) {
    return { error: `The file is larger than ${LIMIT / 2 ** 20} MB, the most that keepers looks at.` };
  }
  if (file.size === 0) return { error: "The file is empty." };
  const query = new URLSearchParams({ name: file.name, ...(preview && { preview: "1" }) });
  try {
    const response = await fetch(`/api/assess?${query}`, {
      method: "POST",
      headers: { "X-Keepers-CSRF": CSRF, "Content-Type": "application/octet-stream" },
      body: file,
      signal,
    });
    return await response.json();
  } catch {
    if (signal.aborted || (await answers())) return { error: "The file could not be read from disk or sent to keepers." };
    lost();
    return null;
  }
}

/** Whether the server is still there. */
async function answers() {
  try {
    return (await fetch("/healthz")).ok;
  } catch {
    return false;
  }
}

function lost() {
  total -= waiting.length;
  waiting = [];
  tell("keepers no longer answers: start `keepers serve` again and open its new link.");
}

// ---- What is shown ---------------------------------------------------------------------------------------

/** @param {number} n */
const plural = (n) => `${n} ${n === 1 ? "photo" : "photos"}`;

/** Everything that follows from the counts. */
function show() {
  const busy = done < total;
  empty.hidden = total > 0;
  clearButton.disabled = total === 0;
  progress.classList.toggle("busy", busy);
  progress.ariaValueMax = String(total);
  progress.ariaValueNow = String(done);
  part(progress, ".progress-bar").style.width = `${total ? (100 * done) / total : 0}%`;
  byId("status", HTMLElement).textContent = busy ? `${done} of ${total}` : total ? rate() : "";
  for (const chip of chips) {
    const which = chip.dataset.show ?? "";
    const count = which === "all" ? cards.children.length : counted(which);
    part(chip, ".count").textContent = String(count);
    if (which === "unread") chip.hidden = count === 0 && shown !== which;
  }
  byId("none", HTMLElement).hidden = total === 0 || busy || shown === "all" || counted(shown) > 0;
}

/** @param {string} verdict */
const counted = (verdict) => cards.querySelectorAll(`:scope > [data-verdict="${verdict}"]`).length;

function rate() {
  return `${plural(total)} in ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** @param {string} which */
function filter(which) {
  shown = which;
  for (const chip of chips) chip.ariaPressed = String(chip.dataset.show === which);
  for (const one of cards.children) {
    if (one instanceof HTMLElement) one.hidden = which !== "all" && one.dataset.verdict !== which;
  }
  show();
}

function clear() {
  round.abort();
  round = new AbortController();
  for (const image of cards.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  cards.replaceChildren();
  waiting = [];
  total = done = 0;
  note.hidden = true;
  filter("all");
  say("Cleared.");
  byId("choose", HTMLElement).focus();
}

/** A sentence over the page, until dismissed. @param {string} text */
function tell(text) {
  part(note, "span").textContent = text;
  note.hidden = false;
}

/** For screen readers: only the beginning and the end, not every photo. @param {string} text */
function say(text) {
  byId("spoken", HTMLElement).textContent = text;
}

// ---- What the person does --------------------------------------------------------------------------------

/** @param {string} button @param {string} input @param {boolean} whole */
function chooser(button, input, whole) {
  const field = byId(input, HTMLInputElement);
  byId(button, HTMLButtonElement).addEventListener("click", () => field.click());
  field.addEventListener("change", () => {
    const items = itemsOf(field.files);
    field.value = "";  // the same files may be chosen again
    if (items.length) add(items, whole);
  });
}

function drops() {
  let depth = 0;
  const over = (/** @type {number} */ by) => {
    depth = by === 0 ? 0 : depth + by;
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", () => over(1));
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(0);
    if (event.dataTransfer) void dropped(event.dataTransfer);
  });
}

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = () => document.documentElement.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", set);
  set();
}

theme();
chooser("choose", "files", false);
chooser("choose-folder", "folder", true);
drops();
empty.addEventListener("click", () => byId("files", HTMLInputElement).click());
clearButton.addEventListener("click", clear);
for (const chip of chips) chip.addEventListener("click", () => filter(chip.dataset.show ?? "all"));
part(note, "button").addEventListener("click", () => { note.hidden = true; });
// The token has become a cookie: it need not stay in the address bar and the history.
history.replaceState(null, "", "/");

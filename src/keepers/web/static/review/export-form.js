// The questions of the export dialog: which format, which photos, and the options that the format has.

import { letterOf } from "./bar.js";
import { make } from "./dom.js";
import { VERDICTS } from "./words.js";

/** @typedef {{name: string, does: string, options: string[]}} Way one way to export, as the server lists it */

/** @type {Record<string, string>} */
const FORMATS = {
  xmp: "Ratings for Lightroom, Bridge, darktable, digiKam (XMP)",
  files: "Files in a folder per pile",
  csv: "A table of all facts (CSV)",
  json: "All facts for scripts (JSON)",
};
/** @type {[string, string][]} */
const PROFILES = [
  ["adobe", "Lightroom, Camera Raw, Capture One"],
  ["bridge", "Bridge, Photo Mechanic, FastRawViewer"],
  ["darktable", "darktable"],
  ["digikam", "digiKam"],
];
/** @type {[string, string][]} */
const NAMES = [
  ["", "as these programs read it"],
  ["short", "IMG.xmp"],
  ["long", "IMG.CR3.xmp"],
  ["both", "IMG.xmp and IMG.CR3.xmp"],
];
/** @type {[string, string][]} */
const MODES = [
  ["copy", "Copy the files"],
  ["move", "Move the files themselves"],
];
/** @type {Record<string, string>} */
const PLACES = {
  csv: "keepers.csv in this folder",
  json: "keepers.json in this folder",
  "files copy": "a folder outside of this one, such as ~/Pictures/sorted",
  "files move": "into folders inside this one",
};

/** @param {string} name @param {string} label @param {[string, string][]} options */
function choice(name, label, options) {
  const id = `export-${name}`;
  const made = options.map(([value, text]) => make("option", { value }, text));
  const select = make("select", { class: "form-select form-select-sm", name, id }, ...made);
  return make("div", { class: "field", "data-option": name }, make("label", { for: id }, label), select);
}

/** @param {string} name @param {...(Node | string)} label */
function tick(name, ...label) {
  const box = make("input", { type: "checkbox", name, class: "form-check-input" });
  return make("label", { class: "tick", "data-option": name }, box, make("span", {}, ...label));
}

function piles() {
  const ticks = Object.entries(VERDICTS).map(([verdict, title]) => {
    const box = make("input", { type: "checkbox", name: "verdicts", value: verdict, class: "form-check-input" });
    box.defaultChecked = true;
    return make("label", { class: "tick" }, box, letterOf(verdict), title);
  });
  const group = make("div", { class: "ticks", role: "group", "aria-labelledby": "export-piles" }, ...ticks);
  return make("div", { class: "field" }, make("span", { id: "export-piles" }, "Photos"), group);
}

function place() {
  const attributes = { class: "form-control form-control-sm", name: "out", id: "export-out", autocomplete: "off" };
  const input = make("input", { ...attributes, spellcheck: "false", maxlength: "4096" });
  return make("div", { class: "field", "data-option": "out" }, make("label", { for: "export-out" }, "Into"), input);
}

const soft = (/** @type {string} */ text) => make("span", { class: "soft" }, ` ${text}`);

/** @param {Way[]} ways */
export function form(ways) {
  const known = Object.keys(FORMATS);
  const order = [...ways].sort((a, b) => (known.indexOf(a.name) + 99) % 99 - ((known.indexOf(b.name) + 99) % 99));
  const options = order.map(({ name, does }) => /** @type {[string, string]} */ ([name, FORMATS[name] ?? does]));
  const made = make(
    "form",
    { class: "export", autocomplete: "off" },
    choice("to", "Format", options),
    piles(),
    choice("profile", "For", PROFILES),
    choice("names", "Sidecars", NAMES),
    choice("mode", "How", MODES),
    place(),
    make(
      "div",
      { class: "field ticking" },
      make("span", {}),
      make(
        "div",
        {},
        tick("embed", "Write into JPEG files,", soft("where Lightroom looks. Their pixels stay as they are.")),
        tick("stars", "Stars for verdicts, too: 5, 3, 1.", soft("Stars that you gave are written in any case.")),
        tick("flat", "Leave out the subfolders"),
        tick("trash", "To be Deleted goes to the trash", soft("of the desktop, which alone can bring it back.")),
      ),
    ),
  );
  made.addEventListener("input", () => dress(made, ways));
  dress(made, ways);
  return made;
}

/** Only what the format has can be asked for; the trash only where files move. @param {HTMLFormElement} made @param {Way[]} ways */
function dress(made, ways) {
  const data = new FormData(made);
  const to = String(data.get("to"));
  const has = new Set(["to", ...(ways.find(({ name }) => name === to)?.options ?? [])]);
  const mode = String(data.get("mode"));
  if (mode !== "move") has.delete("trash");
  for (const field of made.querySelectorAll("[data-option]")) {
    if (field instanceof HTMLElement) field.hidden = !has.has(field.dataset.option ?? "");
  }
  const ticking = made.querySelector(".ticking");
  if (ticking instanceof HTMLElement) ticking.hidden = !["embed", "stars", "flat", "trash"].some((one) => has.has(one));
  const out = made.elements.namedItem("out");
  if (out instanceof HTMLInputElement) {
    out.placeholder = PLACES[to === "files" ? `files ${mode}` : to] ?? "the file or the folder to write";
  }
}

/** What is asked for, as the server takes it; null where no pile is. @param {HTMLFormElement} made */
export function asked(made) {
  const data = new FormData(made);
  const verdicts = data.getAll("verdicts");
  if (!verdicts.length) return null;
  /** @type {Record<string, unknown>} */
  const body = { to: String(data.get("to")) };
  if (verdicts.length < Object.keys(VERDICTS).length) body.verdicts = verdicts;
  for (const field of made.querySelectorAll("[data-option]")) {
    const name = field instanceof HTMLElement && !field.hidden ? (field.dataset.option ?? "") : "";
    const value = data.get(name);
    if (name === "mode") body.move = value === "move";
    else if (["embed", "stars", "flat", "trash"].includes(name)) body[name] = value !== null;
    else if (name && value) body[name] = String(value).trim();
  }
  return body;
}

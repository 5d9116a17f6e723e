// The panel beside the photo: the verdict and its reasons in words, what would change it, histogram, faces, camera.

import { letter, make } from "./dom.js";
import { EXIF, exifWord, flawWord, GROUPS, VERDICT } from "./words.js";

/** @typedef {import("./types.js").Details} Details @typedef {import("./types.js").Row} Row */

/** @param {string} title @param {...(Node | string | null)} children */
function section(title, ...children) {
  return make("section", {}, make("h3", {}, title), ...children);
}

/** @param {HTMLElement} panel @param {Row} row @param {Details | null} details null: still on their way */
export function fill(panel, row, details) {
  /** @type {(HTMLElement | null)[]} */
  const parts = [verdict(row, details)];
  if (details) {
    parts.push(place(details), histogram(details), flaws(details), faces(details), camera(row, details));
  }
  panel.replaceChildren(...parts.filter((part) => part !== null));
}

/** @param {Row} row @param {Details | null} details */
function verdict(row, details) {
  const state = row.error ? "Unreadable" : row.verdict ? VERDICT[row.verdict] : "Not judged yet";
  const whose = row.choice
    ? row.choice === row.machine || !row.machine
      ? "your choice"
      : `your choice; keepers proposed ${VERDICT[row.machine]}`
    : row.verdict
      ? "proposed"
      : "";
  const reasons = details?.reasons ?? (row.sentence ? [{ name: "", sentence: row.sentence, weight: 1 }] : []);
  return make(
    "section",
    {},
    make(
      "div",
      { class: "ruling" },
      letter(row),
      make("strong", {}, state ?? ""),
      make("span", { class: "soft" }, whose),
    ),
    row.error
      ? make("p", {}, row.error)
      : make("ul", { class: "reasons" }, ...reasons.map((reason) => make("li", {}, sentence(reason.sentence)))),
    details?.would_change ? make("p", { class: "soft" }, details.would_change) : null,
  );
}

/** @param {string} text */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** @param {Details} details */
function place({ group }) {
  if (!group) return null;
  const kind = GROUPS[group.kind] ?? group.kind;
  const said =
    group.place === null
      ? `One of ${group.size} that belong together`
      : group.best
        ? `The best of ${group.size}`
        : `Number ${group.place} of ${group.size}`;
  return section(
    kind,
    make("p", {}, `${said}.`),
    make("ul", { class: "reasons" }, ...group.reasons.map((reason) => make("li", {}, sentence(reason)))),
  );
}

/** @param {Details} details */
function flaws(details) {
  const found = Object.entries(details.flaws ?? {}).sort((a, b) => b[1] - a[1]);
  if (!found.length) return null;
  const list = make("dl", { class: "bars" });
  for (const [name, probability] of found) {
    const fill = make("span", { class: "fill" });
    fill.style.width = `${100 * probability}%`;
    const percent = `${Math.min(99, Math.max(1, Math.round(100 * probability)))} %`; // never certain, as in all of keepers' words
    list.append(
      make(
        "div",
        { class: probability >= 0.5 ? "line most" : "line" },
        make("dt", {}, flawWord(name)),
        make(
          "dd",
          {},
          make("span", { class: "rail", "aria-hidden": "true" }, fill),
          make("span", { class: "percent" }, percent),
        ),
      ),
    );
  }
  return section("How likely each flaw is", list);
}

/** @param {Details} details */
function faces({ faces: found }) {
  if (!found.length) return null;
  const lines = found.map((face) => {
    const who = face.person === null ? "In the background" : `Person ${face.person}`;
    const eyes =
      face.eyes === "unknown" ? `eyes cannot be told (${face.eyes_unknown ?? "unknown"})` : `eyes ${face.eyes}`;
    const sharp = face.sharpness === null ? "" : `, sharpness ${Math.round(100 * face.sharpness)} %`;
    return make("li", {}, `${who}: ${eyes}${face.smile > 0.3 ? ", smiles" : ""}${sharp}.`);
  });
  return section("Faces", make("ul", { class: "reasons" }, ...lines));
}

/** @param {Row} row @param {Details} details */
function camera(row, details) {
  const list = make("dl", { class: "exif" });
  const add = (/** @type {string} */ name, /** @type {string} */ value) =>
    list.append(make("dt", {}, name), make("dd", {}, value));
  for (const [key, value] of Object.entries(details.exif ?? {})) {
    if (value !== null && value !== "" && key in EXIF) add(EXIF[key] ?? key, exifWord(key, String(value)));
  }
  if (row.width) add("Pixels", `${row.width} × ${row.height}`);
  if (row.score !== null) add("Quality", `${Math.round(100 * row.score)} of 100`);
  add("File", row.path);
  if (details.model) add("Network", details.model);
  return section("Photo", list);
}

/** @param {Details} details */
function histogram({ histogram: counts }) {
  if (!counts) return null;
  const canvas = make("canvas", {
    class: "histogram",
    width: "512",
    height: "160",
    role: "img",
    "aria-label": "Histogram of red, green, blue and brightness",
  });
  const context = canvas.getContext("2d");
  if (context) draw(context, counts);
  return section("Histogram", canvas);
}

/**
 * Square roots, so that small peaks are seen beside large ones.
 * @param {CanvasRenderingContext2D} context
 * @param {Record<string, number[]>} counts
 */
function draw(context, counts) {
  const { width, height } = context.canvas;
  // The ends are clipped pixels: they would flatten all that lies between.
  const most = Math.sqrt(Math.max(1e-9, ...Object.values(counts).flatMap((bins) => bins.slice(1, -1))));
  context.globalCompositeOperation = "lighter";
  for (const [channel, colour] of [
    ["r", "#962020"],
    ["g", "#209620"],
    ["b", "#202096"],
  ]) {
    const bins = counts[channel ?? ""] ?? [];
    context.beginPath();
    context.moveTo(0, height);
    bins.forEach((count, i) => {
      const y = height - Math.min(1, Math.sqrt(count) / most) * (height - 4);
      context.lineTo((i / bins.length) * width, y);
      context.lineTo(((i + 1) / bins.length) * width, y);
    });
    context.lineTo(width, height);
    context.fillStyle = colour ?? "";
    context.fill();
  }
}

// What the page shows of one photo: its picture, its verdict with the reasons, and how likely each flaw is.

import { fragment, part } from "./dom.js";
import { ending } from "./photos.js";

/**
 * @typedef {import("./photos.js").Item} Item
 * @typedef {{name: string, sentence: string, weight: number}} Reason
 * @typedef {Record<string, number>} Numbers
 * @typedef {{
 *   error: string | null, label?: string | null, probabilities?: Numbers | null, flaws?: Numbers | null,
 *   score?: number | null, verdict?: string | null, reasons?: Reason[], model?: string | null,
 *   would_change?: string | null, preview?: string | null,
 * }} Answer what `keepers assess --json` says of one photo; of a refusal only `error`
 */

/**
 * @param {Item} item
 * @param {Answer} answer
 * @param {string | null} source address of the small picture
 * @param {Record<string, {letter: string, title: string}>} titles of the verdicts
 */
export function card(item, answer, source, titles) {
  const made = part(fragment("card"), "li");
  const verdict = answer.error === null ? answer.verdict ?? "unread" : "unread";
  made.dataset.verdict = verdict;
  picture(made, item, source);
  const { letter: sign, title } = titles[verdict] ?? { letter: "", title: verdict };
  const letter = part(made, ".letter");
  letter.classList.add(verdict);
  letter.textContent = sign;
  letter.ariaHidden = "true";
  const name = part(made, ".name");
  name.textContent = item.file.name;
  name.title = item.path;
  const { error, label } = answer;
  part(made, ".label").textContent = title + (error === null && label ? ` · ${words(label)}` : "");
  part(made, ".reasons").append(...sentences(answer));
  fill(made, answer);
  return made;
}

/** @param {HTMLElement} made @param {Item} item @param {string | null} source */
function picture(made, item, source) {
  const image = /** @type {HTMLImageElement} */ (part(made, "img"));
  const placeholder = part(made, ".ending");
  if (source === null) {
    placeholder.textContent = ending(item.path).toUpperCase() || "?";
    placeholder.hidden = false;
    return;
  }
  image.src = source;
  image.alt = item.file.name;
  image.hidden = false;
}

/** @param {Answer} answer */
function sentences({ error, reasons = [] }) {
  if (error !== null) return [sentence(error)];
  return reasons.length ? reasons.map((reason) => sentence(reason.sentence)) : [sentence("No flaw found.", "calm")];
}

/** @param {string} text @param {string} [look] */
function sentence(text, look = "") {
  const line = document.createElement("li");
  line.textContent = text;
  line.className = look;
  return line;
}

/** The two sets of bars. @param {HTMLElement} made @param {Answer} answer */
function fill(made, { error, label, probabilities, flaws, score, model, would_change: change }) {
  if (error !== null || !probabilities || !flaws) {
    part(made, "details").remove();
    return;
  }
  part(made, ".classes").append(...Object.entries(probabilities).map(([name, p]) => bar(name, p, name === label)));
  part(made, ".flaws").append(...Object.entries(flaws).map(([name, p]) => bar(name, p, p >= 0.5)));
  part(made, ".change").textContent = change ?? "";
  const quality = score == null ? "" : `Technical quality ${percent(score)}. `;
  part(made, ".model").textContent = `${quality}Model: ${model ?? "none"}.`;
}

/** @param {string} name @param {number} p 0..1 @param {boolean} strong */
function bar(name, p, strong) {
  const line = part(fragment("bar"), ".line");
  line.classList.toggle("most", strong);
  part(line, "dt").textContent = words(name);
  part(line, ".fill").style.width = `${100 * p}%`;
  part(line, ".percent").textContent = percent(p);
  return line;
}

/** @param {string} name */
const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
/** @param {number} p 0..1 */
const percent = (p) => (p > 0 && p < 0.01 ? "<1%" : p > 0.99 && p < 1 ? ">99%" : `${Math.round(100 * p)}%`);

// Handing the verdicts to other programs: first what would be written, then the button that does it, then the way back.

import * as api from "./api.js";
import { dialog } from "./dialogs.js";
import { button, make, plural } from "./dom.js";
import { asked, form } from "./export-form.js";

const LISTED = 500;

/** @typedef {import("./types.js").Exported} Exported */

/** What a count of files is in words: done, or to be done. @type {Record<keyof Exported["counts"], [string, string]>} */
const DEEDS = {
  written: ["written", "Write"],
  copied: ["copied", "Copy"],
  moved: ["moved", "Move"],
  trashed: ["moved to the trash", "Trash"],
};

export async function exporting() {
  const questions = form(await api.exporters());
  const result = make("div", { class: "result", role: "status" });
  const go = button("Export", () => void run(false), { class: "btn btn-sm loud", disabled: true });
  const look = button("Preview", () => void run(true), { class: "btn btn-sm framed" });
  const made = dialog("Export", [questions, result], [look, go]);
  made.classList.add("wide");
  /** What the list that is shown was made of; it alone is done. @type {string | null} */
  let plan = null;

  const forget = () => {
    plan = null;
    go.disabled = true;
    go.textContent = "Export";
    result.replaceChildren();
  };
  questions.addEventListener("input", forget);
  questions.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(true);
  });

  /** @param {boolean} dry */
  async function run(dry) {
    const body = asked(questions);
    if (body === null) return result.replaceChildren(wrong("Choose at least one pile of photos."));
    if (body.to === "files" && !body.move && !body.out) {
      return result.replaceChildren(wrong("Name the folder for the copies; it lies outside of this one."));
    }
    if (!dry && plan === null) return undefined;
    busy(true);
    const end = dry ? waiting(result) : progress(result);
    try {
      const answer = await api.exported({ ...body, dry_run: dry, ...(dry ? {} : { plan }) });
      if (!made.isConnected) return undefined;
      forget();
      result.replaceChildren(...report(answer, dry, (job) => void undo(job)));
      if (dry && answer.planned.length) ready(answer);
    } catch (error) {
      forget();
      result.replaceChildren(wrong(error));
    } finally {
      end();
      busy(false);
    }
    return undefined;
  }

  /** @param {Exported} answer */
  function ready(answer) {
    plan = answer.plan;
    const kinds = Object.entries(answer.counts).filter(([, count]) => count);
    const [kind, count] = kinds[0] ?? ["written", 0];
    const deed = DEEDS[/** @type {keyof Exported["counts"]} */ (kind)][1];
    go.textContent = kinds.length > 1 ? `Do all of this` : `${deed} ${plural(count, "file")}`;
    go.disabled = false;
    go.focus();
  }

  /** While files change nothing else can be asked. @param {boolean} on */
  function busy(on) {
    look.disabled = on;
    if (on) go.disabled = true;
    for (const field of questions.elements) field.toggleAttribute("disabled", on);
  }

  /** @param {number} job */
  async function undo(job) {
    try {
      const { restored, refused } = await api.undoJob(job);
      const head = `The export is taken back: ${plural(restored, "file")} as before.`;
      result.replaceChildren(make("p", {}, make("strong", {}, head)), ...sentences(refused));
    } catch (error) {
      result.replaceChildren(wrong(error));
    }
  }
}

/** Nothing is said before it has taken a while. @param {HTMLElement} result */
function waiting(result) {
  const timer = setTimeout(() => result.replaceChildren(make("p", { class: "soft" }, "Looking at the files …")), 400);
  return () => clearTimeout(timer);
}

/** How far it is, with a way to end it. @param {HTMLElement} result */
function progress(result) {
  const bar = make("progress", { "aria-label": "Files done" });
  const text = make("span", { class: "soft" }, "Beginning …");
  const stop = button("Stop", () => {
    stop.disabled = true;
    void api.stopExport().catch(() => {});
  });
  result.replaceChildren(make("div", { class: "running" }, bar, text, stop));
  /** @param {Event} event */
  const heard = (event) => {
    const { done, total } = /** @type {CustomEvent<{done: number, total: number}>} */ (event).detail;
    bar.max = total;
    bar.value = done;
    text.textContent = `${done.toLocaleString("en")} of ${plural(total, "file")}`;
  };
  document.addEventListener("keepers-exporting", heard);
  return () => document.removeEventListener("keepers-exporting", heard);
}

/** @param {Exported} answer @param {boolean} dry @param {(job: number) => void} undo @returns {HTMLElement[]} */
function report(answer, dry, undo) {
  const { planned, counts, job } = answer;
  const done = Object.entries(DEEDS)
    .map(([kind, [word]]) => ({ word, count: counts[/** @type {keyof typeof counts} */ (kind)] }))
    .filter(({ count }) => count)
    .map(({ word, count }) => `${plural(count, "file")} ${dry ? "would be " : ""}${word}`)
    .join(", ");
  const nothing = answer.skipped.length || answer.failed.length ? "Nothing" : "Nothing: all is as it should be";
  const head = make("p", {}, make("strong", {}, `${done || nothing}.`));
  if (dry) head.append(" Nothing has been changed yet.");
  else if (job !== null) head.append(" ", button("Undo this export", () => undo(job), { class: "btn btn-sm framed" }));
  const stopped = answer.left_out ? [`${plural(answer.left_out, "file")} not done; export again to go on.`] : [];
  const moved = !dry && counts.moved ? ["Files have moved, so this page shows them no longer; review their new folder."] : [];
  const notes = [...stopped, ...moved, ...answer.notes].map((note) => make("p", { class: "soft" }, note));
  const folder = shared(planned.map(({ path }) => path));
  const lines = planned.slice(0, LISTED).map(({ path, what }) => {
    const name = make("span", { class: "path", title: path }, path.slice(folder.length));
    return make("li", {}, name, make("span", { class: "soft" }, what));
  });
  if (planned.length > LISTED) lines.push(make("li", {}, `and ${plural(planned.length - LISTED, "other")}`));
  const where = folder ? [make("p", { class: "soft" }, `In ${folder}`)] : [];
  const list = make("ul", { class: "planned", tabindex: "0", "aria-label": "Files" }, ...lines);
  return [
    head,
    ...notes,
    ...sentences(answer.failed),
    ...sentences(answer.skipped),
    ...(lines.length ? [...where, list] : []),
  ];
}

/** @param {unknown} what an error, or a sentence */
const wrong = (what) => make("p", { class: "wrong" }, what instanceof Error ? what.message : String(what));

/** What could not be done, a sentence each. @param {string[]} said @returns {HTMLElement[]} */
function sentences(said) {
  if (!said.length) return [];
  const lines = said.slice(0, LISTED).map((sentence) => make("li", {}, sentence));
  if (said.length > LISTED) lines.push(make("li", {}, `and ${plural(said.length - LISTED, "other")}`));
  return [make("ul", { class: "planned wrong", tabindex: "0", "aria-label": "Left as they are" }, ...lines)];
}

/** The folder that all paths lie in, with the slash at its end; "" where there is none. @param {string[]} paths */
function shared(paths) {
  let folder = (paths[0] ?? "").replace(/[^/\\]*$/, "");
  for (const path of paths) while (folder && !path.startsWith(folder)) folder = folder.replace(/[^/\\]*[/\\]$/, "");
  return folder;
}

// Handing the verdicts to other programs: first what would be written, then the button that does it, then the way back.

import * as api from "./api.js";
import { dialog } from "./dialogs.js";
import { button, make, plural } from "./dom.js";

const LISTED = 500;

/** @param {string} name @param {string} label @param {[string, string][]} options */
function choice(name, label, options) {
  const select = make(
    "select",
    { class: "form-select form-select-sm", name, id: `export-${name}` },
    ...options.map(([value, text]) => make("option", { value }, text)),
  );
  return make("div", { class: "field" }, make("label", { for: `export-${name}` }, label), select);
}

/** @param {string} name @param {string} label */
function tick(name, label) {
  return make("label", { class: "tick" }, make("input", { type: "checkbox", name, class: "form-check-input" }), label);
}

export function exporting() {
  const to = choice("to", "Format", [
    ["xmp", "XMP: flags and labels for Lightroom, Bridge, darktable, digiKam"],
    ["csv", "CSV: a table of all facts"],
    ["json", "JSON: the same for scripts"],
    ["files", "Files: a folder per pile"],
  ]);
  const profile = choice("profile", "For", [
    ["adobe", "Lightroom"],
    ["bridge", "Bridge"],
    ["darktable", "darktable"],
    ["digikam", "digiKam"],
  ]);
  const stars = tick("stars", "Write stars, too");
  const out = make(
    "div",
    { class: "field" },
    make("label", { for: "export-out" }, "Into"),
    make("input", {
      class: "form-control form-control-sm",
      name: "out",
      id: "export-out",
      placeholder: "path of the file or folder",
      autocomplete: "off",
    }),
  );
  const move = tick("move", "Move the files instead of copying them");
  const form = make(
    "form",
    { class: "export" },
    to,
    profile,
    out,
    make("div", { class: "field" }, make("span", {}), make("div", {}, stars, move)),
  );
  const result = make("div", { class: "result", role: "status" });
  const go = button("Export", () => void run(false), { class: "btn btn-sm loud", disabled: true });
  const look = button("What would be written?", () => void run(true));
  const made = dialog("Export", [form, result], [look, go]);
  made.classList.add("wide");

  const wanted = () => {
    const data = new FormData(form);
    const kind = String(data.get("to"));
    /** @type {Record<string, unknown>} */
    const body = { to: kind };
    if (kind === "xmp") Object.assign(body, { profile: data.get("profile"), stars: data.has("stars") });
    else if (data.get("out")) body.out = data.get("out");
    if (kind === "files") body.move = data.has("move");
    return body;
  };
  const dress = () => {
    const kind = String(new FormData(form).get("to"));
    profile.hidden = stars.hidden = kind !== "xmp";
    out.hidden = kind === "xmp";
    move.hidden = kind !== "files";
    go.disabled = true;
    result.replaceChildren();
  };
  form.addEventListener("input", dress);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(true);
  });
  dress();

  /** @param {boolean} dry */
  async function run(dry) {
    go.disabled = look.disabled = true;
    try {
      const answer = await api.exported({ ...wanted(), dry_run: dry });
      report(answer, dry);
      go.disabled = !dry;
      if (dry && answer.planned.length) go.focus();
    } catch (error) {
      result.replaceChildren(make("p", { class: "wrong" }, error instanceof Error ? error.message : String(error)));
    }
    look.disabled = false;
  }

  /** @param {Awaited<ReturnType<typeof api.exported>>} answer @param {boolean} dry */
  function report(answer, dry) {
    const head = dry
      ? `Would write ${plural(answer.planned.length, "file")}. Nothing has been written yet.`
      : `Wrote ${plural(answer.written, "file")}.`;
    const folder = shared(answer.planned.map(({ path }) => path));
    const where = folder ? make("p", { class: "soft" }, `In ${folder}`) : null;
    const lines = answer.planned
      .slice(0, LISTED)
      .map(({ path, what }) =>
        make(
          "li",
          {},
          make("span", { class: "path", title: path }, path.slice(folder.length)),
          make("span", { class: "soft" }, what),
        ),
      );
    if (answer.planned.length > LISTED)
      lines.push(make("li", {}, `and ${plural(answer.planned.length - LISTED, "other")}`));
    const skipped = answer.skipped.map((sentence) => make("li", { class: "wrong" }, sentence));
    const job = answer.job;
    const back = job === null || dry ? null : button("Undo this export", () => void undo(job));
    result.replaceChildren(
      make("p", {}, make("strong", {}, head), back ? " " : "", back ?? ""),
      where ?? "",
      make("ul", { class: "planned", tabindex: "0", "aria-label": "Files" }, ...skipped, ...lines),
    );
  }

  /** @param {number} job */
  async function undo(job) {
    try {
      await api.undoJob(job);
      result.replaceChildren(make("p", {}, make("strong", {}, "The export is taken back.")));
    } catch (error) {
      result.replaceChildren(make("p", { class: "wrong" }, error instanceof Error ? error.message : String(error)));
    }
  }
}

/** The folder that all paths lie in, with the slash at its end; "" where there is none. @param {string[]} paths */
function shared(paths) {
  let folder = (paths[0] ?? "").replace(/[^/\\]*$/, "");
  for (const path of paths) while (folder && !path.startsWith(folder)) folder = folder.replace(/[^/\\]*[/\\]$/, "");
  return folder;
}

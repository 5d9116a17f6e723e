// Everything that can be done by a button or a key, by name; and the keys.

import { candidates } from "./compare.js";
import { accepting, help } from "./dialogs.js";
import { byId } from "./dom.js";
import { exporting } from "./exporting.js";
import * as selecting from "./selection.js";
import * as theme from "./theme.js";

/**
 * @typedef {{
 *   shoot: import("./store.js").Shoot, table: import("./table.js").Table, grid: import("./grid.js").Grid,
 *   loupe: import("./loupe.js").Loupe, compare: import("./compare.js").Compare, audit: import("./audit.js").Audit,
 * }} Parts
 * @typedef {Record<string, (advance?: boolean) => void>} Deeds
 */

const NARROW = matchMedia("(max-width: 767.98px)");
const COLOURS = ["red", "yellow", "green", "blue"];

/** @param {Parts} parts @returns {Deeds} */
export function commands({ shoot, table, loupe, compare, audit }) {
  const press = (/** @type {string} */ id, /** @type {boolean} */ on) =>
    byId(id, HTMLElement).setAttribute("aria-pressed", String(on));
  const accept = (/** @type {string[]} */ ids) => shoot.write({ verb: "accept", ids, body: { ids } });
  const zooming = () => (table.view === "compare" ? compare : loupe);
  /** @type {Deeds} */
  const deeds = {
    keep: (advance) => table.choose("keep", advance),
    maybe: (advance) => table.choose("maybe", advance),
    delete: (advance) => table.choose("delete", advance),
    unflag: (advance) => table.choose(null, advance),
    only: () => table.keepOnly(),
    next: () => table.nextUndecided(),
    previous: () => (table.view === "compare" ? compare.move(-1) : table.move(-1)),
    following: () => (table.view === "compare" ? compare.move(1) : table.move(1)),
    undo: () => shoot.undo(),
    redo: () => shoot.redo(),
    accept: () =>
      accepting(
        table.items.flatMap(({ members }) => members.map((pid) => shoot.row(pid))).filter((row) => row !== undefined),
        "shown here",
        accept,
      ),
    "accept-group": () => {
      const group = table.row?.group === null || !table.row ? undefined : shoot.groups.get(table.row.group);
      if (!group) return shoot.tell("The current photo is in no group.");
      return accepting(
        group.members.map((pid) => shoot.row(pid)).filter((row) => row !== undefined),
        "of this group",
        accept,
      );
    },
    audit: () => void audit.begin().catch((error) => shoot.tell(error.message)),
    "audit-keep": () => audit.answer(true),
    "audit-reject": () => audit.answer(false),
    export: () => void exporting().catch((error) => shoot.tell(error.message)),
    theme: () => theme.toggle(),
    help: () => {},
    grid: () => table.show("grid"),
    loupe: () => {
      if (table.current !== null) table.show("loupe");
    },
    compare: () => {
      const pids = candidates(table);
      if (pids.length < 2) return shoot.tell("Comparing needs two photos: select some, or stand on one of a burst.");
      compare.open(pids);
      if (table.current === null || !pids.includes(table.current))
        table.select({ ...table.selection, current: pids[0] ?? null });
      return table.show("compare");
    },
    back: () => {
      if (table.view === "audit") return audit.leave();
      if (zooming() === loupe && loupe.picture.zoomed && table.view === "loupe") return loupe.whole();
      if (table.view === "compare" && compare.zoomed) return compare.whole();
      if (table.view !== "grid") return table.show("grid");
      return table.select(selecting.only(table.current));
    },
    zoom: () => zooming().toggle(),
    face: () => zooming().nextFace(),
    overlay: () => {
      loupe.overlay();
      press("overlays", loupe.overlaid);
    },
    // Where there is little room the panel lies over the photo, and only when asked for.
    info: () =>
      press(
        "info",
        NARROW.matches ? document.body.classList.toggle("with-info") : !document.body.classList.toggle("without-info"),
      ),
    fold: () => {
      table.fold();
      press("fold", table.folded);
    },
    auto: () => table.switchAuto(),
  };
  if (NARROW.matches) press("info", false);
  table.advanceBy(() => (table.view === "compare" ? compare.move(1) : table.move(1)));
  return deeds;
}

/** The letters that set something, each also with Shift, which steps on afterwards. @param {string[]} keys */
const shifted = (keys) => keys.flatMap((key) => [key, `shift+${key}`]);

/** @param {Parts} parts @param {Deeds} deeds @returns {import("./keys.js").Binding[]} */
export function bindings({ table, grid, compare, audit }, deeds) {
  const run = (/** @type {string} */ name) => (/** @type {string} */ _key, /** @type {boolean} */ shift) =>
    deeds[name]?.(shift);
  const sets = (/** @type {string} */ key, /** @type {string} */ name) => ({
    keys: shifted([key]),
    act: run(name),
    views: /** @type {any} */ (["grid", "loupe", "compare"]),
  });
  /** @param {number} index @param {boolean} shift */
  const step = (index, shift) => {
    const pid = table.order[Math.max(0, Math.min(table.order.length - 1, index))];
    if (pid === undefined) return;
    if (shift) table.select(selecting.ranged(table.selection, pid, table.order));
    else table.go(pid);
  };
  const here = () => table.place(table.current);
  /** @type {import("./keys.js").Binding[]} */
  const all = [
    { keys: ["p", "x"], shown: "", what: "", views: ["audit"], act: (key) => audit.answer(key === "p") },
    { keys: ["backspace", "ctrl+z"], shown: "", what: "", views: ["audit"], act: () => audit.back() },
    {
      keys: ["arrowleft", "arrowright", "shift+arrowleft", "shift+arrowright"],
      shown: "← →",
      what: "The photo before, the next photo; with Shift select",
      views: ["grid"],
      act: (key, shift) => step(here() + (key === "arrowleft" ? -1 : 1), shift),
    },
    {
      keys: ["arrowup", "arrowdown", "shift+arrowup", "shift+arrowdown"],
      shown: "↑ ↓",
      what: "The row above, the row below",
      views: ["grid"],
      act: (key, shift) => step(grid.beside(key === "arrowup" ? -1 : 1), shift),
    },
    {
      keys: ["pageup", "pagedown"],
      shown: "",
      what: "",
      views: ["grid"],
      act: (key) => step(grid.page(key === "pageup" ? -1 : 1), false),
    },
    {
      keys: ["home", "end"],
      shown: "",
      what: "",
      views: ["grid", "loupe"],
      act: (key) => step(key === "home" ? 0 : table.order.length - 1, false),
    },
    {
      keys: ["arrowleft", "arrowup", "arrowright", "arrowdown"],
      shown: "",
      what: "",
      views: ["loupe"],
      act: (key) => table.move(["arrowleft", "arrowup"].includes(key) ? -1 : 1),
    },
    {
      keys: ["arrowleft", "arrowright"],
      shown: "",
      what: "",
      views: ["compare"],
      act: (key) => compare.move(key === "arrowleft" ? -1 : 1),
    },
    {
      keys: ["arrowup", "arrowdown"],
      shown: "",
      what: "",
      views: ["compare"],
      act: (key) => compare.moveRow(key === "arrowup" ? -1 : 1),
    },
    {
      keys: ["shift+p"],
      shown: "Shift P",
      what: "Keep this one and reject the rest of its burst",
      views: ["grid", "loupe", "compare"],
      act: run("only"),
    },
    { ...sets("p", "keep"), keys: ["p"], shown: "P", what: "Pick: Must Have" },
    { ...sets("m", "maybe"), shown: "M", what: "Maybe" },
    { ...sets("x", "delete"), shown: "X", what: "Reject: To be Deleted" },
    { ...sets("u", "unflag"), shown: "U", what: "Undecide: back to what keepers proposes" },
    {
      keys: shifted(["0", "1", "2", "3", "4", "5"]),
      shown: "0 … 5",
      what: "Stars",
      views: ["grid", "loupe", "compare"],
      act: (key, shift) => table.mark({ stars: Number(key) }, shift),
    },
    {
      keys: shifted(["6", "7", "8", "9"]),
      shown: "6 … 9",
      what: "Red, yellow, green, blue; again to take it away",
      views: ["grid", "loupe", "compare"],
      act: (key, shift) => table.colour(COLOURS[Number(key) - 6] ?? "", shift),
    },
    { keys: [], shown: "Shift", what: "with M, X, U or a digit: set and go on to the next photo", act: () => {} },
    { keys: ["a"], shown: "A", what: "Auto-advance on or off; also while Caps Lock is on", act: run("auto") },
    { keys: ["n"], shown: "N", what: "Next undecided photo", views: ["grid", "loupe"], act: run("next") },
    { keys: ["g"], shown: "G", what: "Grid", views: ["loupe", "compare"], act: run("grid") },
    { keys: ["e", "enter"], shown: "E Enter", what: "Loupe", views: ["grid", "compare"], act: run("loupe") },
    {
      keys: ["c"],
      shown: "C",
      what: "Compare the selection or the burst",
      views: ["grid", "loupe"],
      act: run("compare"),
    },
    {
      keys: ["z", " "],
      shown: "Z Space",
      what: "Zoom 1:1 and back; the place is kept from photo to photo",
      views: ["loupe", "compare"],
      act: run("zoom"),
    },
    { keys: ["z", " "], shown: "", what: "", views: ["grid"], act: run("loupe") },
    { keys: ["f"], shown: "F", what: "Zoom to the next face", views: ["loupe", "compare"], act: run("face") },
    { keys: ["o"], shown: "O", what: "Overlays: sharpness, clipping, faces", views: ["loupe"], act: run("overlay") },
    { keys: ["i"], shown: "I", what: "What keepers knows of the photo", views: ["loupe"], act: run("info") },
    { keys: ["s"], shown: "S", what: "Stack or unstack bursts", views: ["grid"], act: run("fold") },
    {
      keys: ["ctrl+a"],
      shown: "Ctrl A",
      what: "Select all that is shown; Ctrl-click and Shift-click work, too",
      views: ["grid"],
      act: () => table.select(selecting.everything(table.selection, table.order)),
    },
    { keys: ["ctrl+z"], shown: "Ctrl Z", what: "Undo", act: run("undo") },
    { keys: ["ctrl+shift+z", "ctrl+y"], shown: "Ctrl Shift Z", what: "Redo; also Ctrl Y", act: run("redo") },
    { keys: ["escape"], shown: "Esc", what: "Back: whole photo, then grid", act: run("back") },
    { keys: ["?"], shown: "?", what: "These keys", act: run("help") },
  ];
  deeds.help = () => help(all);
  return all;
}

// The review page: puts the parts together. Each part has one idea; this file has only the wires.

import { Audit } from "./audit.js";
import { Bar } from "./bar.js";
import { bindings, commands } from "./commands.js";
import { Compare } from "./compare.js";
import { Deck } from "./deck.js";
import { forget } from "./details.js";
import { byId } from "./dom.js";
import { Grid } from "./grid.js";
import * as keys from "./keys.js";
import { Loupe } from "./loupe.js";
import { Shoot } from "./store.js";
import { Table } from "./table.js";
import * as theme from "./theme.js";

/** While culling, new photos come many times a second; the grid takes them in at this pace. Milliseconds. */
const PACE = 1000;

theme.begin();
const shoot = new Shoot();
const table = new Table(shoot);
const at = (/** @type {string} */ id) => byId(id, HTMLElement);

const bar = new Bar(table);
const grid = new Grid(at("grid"), table, () => table.show("loupe"));
const loupe = new Loupe({ stage: at("stage"), panel: at("panel"), strip: at("strip") }, table);
const compare = new Compare({ panes: at("panes"), faces: at("people"), title: at("compared") }, table);
const audit = new Audit({ stage: at("audit-stage"), count: at("audited") }, table);
const deck = new Deck(table);
const parts = { shoot, table, grid, loupe, compare, audit };
const deeds = commands(parts);
shoot.tell = (/** @type {string} */ sentence) => deck.tell(sentence);

let stale = 0;
shoot.listen(({ ids, fresh, judged }) => {
  // What is not stored yet changes nothing of what the server says.
  forget(ids && new Set([...ids].filter((pid) => !shoot.unsaved.has(pid))));
  // Where nothing but verdicts came, every photo keeps its place, unless the person asked for an order by verdicts.
  if (ids === null && (fresh || (judged && table.byVerdicts))) table.catchUp();
  else if (fresh && !stale)
    stale = window.setTimeout(() => {
      stale = 0;
      table.catchUp();
    }, PACE);
  if (ids === null || ids.size) {
    grid.refresh(ids);
    if (table.view === "loupe") loupe.strip.draw();
    if (table.view === "loupe" && table.current !== null && (ids === null || ids.has(table.current)))
      void loupe.describe();
    if (table.view === "compare") compare.refresh();
  }
  bar.refresh();
  deck.refresh();
});

table.listen((topic) => {
  if (topic === "list" || topic === "news") {
    grid.relayout();
    if (topic === "list") grid.follow();
    else grid.mark();
    if (table.view === "loupe") loupe.show();
  }
  if (topic === "selection") {
    if (table.view === "compare") compare.refresh();
    if (table.view === "loupe") loupe.show();
    grid.follow();
  }
  if (topic === "view") turn();
  bar.refresh();
  deck.refresh();
});

/** Show the view that the table is in. */
function turn() {
  const { view } = table;
  document.body.dataset.view = view;
  for (const part of document.querySelectorAll("[data-for]")) {
    if (!(part instanceof HTMLElement)) continue;
    const on = part.dataset.for === view;
    // The grid stays laid out behind the others, so that it is where it was when one comes back.
    if (part.id === "grid") part.inert = !on;
    else part.hidden = !on;
  }
  for (const menu of document.querySelectorAll(":popover-open")) if (menu instanceof HTMLElement) menu.hidePopover();
  if (view === "loupe") loupe.show();
  if (view === "compare") compare.refresh();
  if (view === "grid") at("grid").focus({ preventScroll: true });
  if (view !== "grid" && !history.state?.deep) history.pushState({ deep: true }, "");
  if (view === "grid" && history.state?.deep) history.back();
}
// The browser's and the phone's way back.
addEventListener("popstate", () => {
  if (table.view !== "grid") table.show("grid");
});

keys.listen(
  bindings(parts, deeds),
  () => table.view,
  (on) => table.capsLock(on),
);
document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest("[data-do]") : null;
  if (!(pressed instanceof HTMLElement)) return;
  deeds[pressed.dataset.do ?? ""]?.();
  const menu = pressed.closest("[popover]");
  if (menu instanceof HTMLElement) menu.hidePopover();
});
for (const box of document.querySelectorAll("input[data-layer]")) {
  if (!(box instanceof HTMLInputElement)) continue;
  const layer = /** @type {"sharp" | "clipping" | "faces"} */ (box.dataset.layer);
  box.checked = loupe.layers[layer];
  box.addEventListener("change", () => {
    loupe.overlay({ [layer]: box.checked });
    at("overlays").setAttribute("aria-pressed", String(loupe.overlaid));
  });
}
const size = byId("size", HTMLInputElement);
size.value = String(grid.height);
size.addEventListener("input", () => grid.resize(Number(size.value)));

shoot.open().then(
  () => at("grid").focus({ preventScroll: true }),
  (error) => deck.tell(error instanceof Error ? error.message : String(error)),
);

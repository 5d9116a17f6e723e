// The light table: which photos are shown in which order, which are meant, and what is done to them.

import { ALL, passes, sorted, stacked } from "./filters.js";
import * as selecting from "./selection.js";

/**
 * @typedef {import("./types.js").Verdict} Verdict
 * @typedef {import("./types.js").Item} Item
 * @typedef {"grid" | "loupe" | "compare" | "audit"} ViewName
 * @typedef {"list" | "news" | "selection" | "view" | "mode"} Topic `list`: the person set what is shown; `news`: photos came
 */

export class Table {
  /** @type {import("./filters.js").Filter} */
  filter = ALL;
  /** @type {import("./filters.js").Sort} */
  sort = "time";
  folded = false;
  /** @type {Item[]} */
  items = [];
  /** @type {string[]} the photo on top of every item */
  order = [];
  /** @type {Map<string, number>} */
  #places = new Map();
  selection = selecting.NOTHING;
  /** @type {ViewName} */
  view = "grid";
  /** Step on after every choice: switched by A, or on while Caps Lock is. */
  auto = false;
  caps = false;
  /** @type {((topic: Topic) => void)[]} */
  #listeners = [];

  /** @param {import("./store.js").Shoot} shoot */
  constructor(shoot) {
    this.shoot = shoot;
  }

  /** @param {(topic: Topic) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }
  /** @param {Topic} topic */
  #say(topic) {
    for (const listener of this.#listeners) listener(topic);
  }

  /** The current photo. */
  get current() {
    return this.selection.current;
  }
  get row() {
    return this.shoot.row(this.current);
  }
  /** @param {string | null} pid */
  place(pid) {
    return pid === null ? -1 : (this.#places.get(pid) ?? -1);
  }

  /**
   * Look anew which photos pass the filter. Not done after every choice, so that nothing slips away under the hand:
   * a photo that no longer passes stays until the filter, the order or the view changes.
   */
  refilter() {
    this.#arrange((row) => passes(row, this.filter));
    this.#say("list");
  }

  /** Photos or verdicts have come: take in those that pass; none that is shown goes away, and nothing scrolls. */
  catchUp() {
    const shown = this.#places;
    this.#arrange((row) => shown.has(row.id) || passes(row, this.filter));
    this.#say("news");
  }

  /** Whether what is shown, or where, follows from verdicts; a photo that came without one is not at its place then. */
  get byVerdicts() {
    const { pile, flaw, eyes, group } = this.filter;
    const piles = ["keep", "maybe", "delete"].includes(pile);
    return piles || this.folded || this.sort === "score" || this.sort === "verdict" || Boolean(flaw || eyes || group);
  }

  /** @param {(row: import("./types.js").Row) => boolean} admits */
  #arrange(admits) {
    const before = this.place(this.current);
    const rows = sorted(this.shoot.rows().filter(admits), this.sort);
    this.items = this.folded
      ? stacked(rows, this.shoot.groups)
      : rows.map((row) => ({ pid: row.id, members: [row.id], group: null }));
    this.order = this.items.map((item) => item.pid);
    this.#places = new Map(this.items.flatMap((item, i) => item.members.map((pid) => [pid, i])));
    const stays = this.place(this.current);
    const next = stays >= 0 ? this.order[stays] : this.order[Math.min(Math.max(0, before), this.order.length - 1)];
    if (next !== this.current || this.selection.chosen.size > 1) {
      const chosen = new Set([...this.selection.chosen].filter((pid) => this.#places.has(pid)));
      this.selection =
        next === this.current && chosen.size ? { ...this.selection, chosen } : selecting.only(next ?? null);
    }
  }

  /** @param {Partial<import("./filters.js").Filter>} change */
  narrow(change) {
    this.filter = { ...this.filter, ...change };
    this.refilter();
  }

  /** @param {import("./filters.js").Sort} sort */
  arrange(sort) {
    this.sort = sort;
    this.refilter();
  }

  fold() {
    this.folded = !this.folded;
    this.refilter();
    this.#say("mode");
  }

  /** @param {import("./selection.js").Selection} selection */
  select(selection) {
    this.selection = selection;
    this.#say("selection");
  }

  /** @param {string} pid */
  go(pid) {
    this.select(selecting.only(pid));
  }

  /** @param {number} index */
  goto(index) {
    const pid = this.order[Math.min(this.order.length - 1, Math.max(0, index))];
    if (pid !== undefined) this.go(pid);
  }

  /** @param {number} step */
  move(step) {
    this.goto(this.place(this.current) + step);
  }

  /** @param {ViewName} view */
  show(view) {
    if (view === this.view) return;
    this.view = view;
    this.#say("view");
    if (view === "grid") this.refilter();
  }

  /** The photos that a key acts on. */
  meant() {
    return this.view === "grid"
      ? selecting.meant(this.selection, this.order)
      : this.current === null
        ? []
        : [this.current];
  }

  switchAuto() {
    this.auto = !this.auto;
    this.#say("mode");
  }

  /** @param {boolean} on */
  capsLock(on) {
    if (on === this.caps) return;
    this.caps = on;
    this.#say("mode");
  }

  /** @param {boolean} [advance] */
  #after(advance) {
    if (advance || this.auto || this.caps) this.#advance();
  }

  /** @type {() => void} how to step on; comparing steps to the next frame instead */
  #advance = () => this.move(1);
  /** @param {(() => void) | null} way */
  advanceBy(way) {
    this.#advance = way ?? (() => this.move(1));
  }

  /** @param {Verdict | null} verdict @param {boolean} [advance] */
  choose(verdict, advance) {
    const ids = this.meant().filter((pid) => !this.shoot.row(pid)?.error);
    if (ids.length) this.shoot.write({ verb: "choices", ids, body: { ids, verdict } });
    this.#after(advance && ids.length < 2);
  }

  /** @param {{stars?: number, colour?: string}} marks @param {boolean} [advance] */
  mark(marks, advance) {
    const ids = this.meant();
    if (ids.length) this.shoot.write({ verb: "marks", ids, body: { ids, ...marks } });
    this.#after(advance && ids.length < 2);
  }

  /** A colour of its own is taken away again. @param {string} colour @param {boolean} [advance] */
  colour(colour, advance) {
    this.mark({ colour: this.row?.colour === colour ? "" : colour }, advance);
  }

  /** Keep the current photo, and reject the others of its burst. */
  keepOnly() {
    const row = this.row;
    if (!row) return;
    const group = row.group === null ? undefined : this.shoot.groups.get(row.group);
    const rest = (group?.members ?? []).filter((pid) => pid !== row.id && !this.shoot.row(pid)?.error);
    this.shoot.write({ verb: "choices", ids: [row.id], body: { ids: [row.id], verdict: "keep" } });
    if (group?.protected) this.shoot.tell("These frames belong together, so none of the others was rejected.");
    else if (rest.length) this.shoot.write({ verb: "choices", ids: rest, body: { ids: rest, verdict: "delete" } });
    if (this.auto || this.caps) this.nextUndecided();
  }

  /** The next photo without a decision, from the current one on and around the end. */
  nextUndecided() {
    const from = this.place(this.current);
    for (let i = 1; i <= this.order.length; i++) {
      const pid = this.order[(from + i) % this.order.length] ?? "";
      const row = this.shoot.row(pid);
      if (row && row.choice === null && !row.error) return this.go(pid);
    }
    return this.shoot.tell(this.filter === ALL ? "Every photo is decided." : "Every photo shown here is decided.");
  }
}

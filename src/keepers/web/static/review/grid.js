// The grid: only the photos in sight are elements, however many there are.

import { image } from "./api.js";
import { dressLetter, make } from "./dom.js";
import { justify, vertical, within } from "./layout.js";
import * as selecting from "./selection.js";
import { badge, GROUPS, spoken } from "./words.js";

const GAP = 6;
const CAPTION = 24;
/** Pixels above and below the window that are kept ready. */
const BEYOND = 500;
/** Pixels per millisecond of scrolling above which pictures are not worth fetching. */
const TOO_FAST = 3;
const SETTLED = 90;

/**
 * @typedef {{element: HTMLElement, img: HTMLImageElement, letter: HTMLElement, note: HTMLElement, stars: HTMLElement, stack: HTMLElement, pid: string}} Cell
 */

export class Grid {
  /** @type {Map<string, Cell>} by photo */
  #cells = new Map();
  /** @type {import("./layout.js").Layout} */
  #layout = { boxes: [], height: 0, rows: [] };
  #track = make("div", { class: "track", role: "presentation" });
  #width = 0;
  #last = { top: 0, time: 0 };
  #fast = false;
  #timer = 0;
  #frame = 0;
  height = Number(localStorage.getItem("keepers-row") ?? 190);

  /**
   * @param {HTMLElement} element the list box that scrolls
   * @param {import("./table.js").Table} table
   * @param {() => void} open
   */
  constructor(element, table, open) {
    this.element = element;
    this.table = table;
    element.append(this.#track);
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("dblclick", (event) => {
      if (this.#cellOf(event.target)) open();
    });
    new ResizeObserver(() => {
      if (element.clientWidth !== this.#width && element.clientWidth > 0) this.relayout();
      else this.#render();
    }).observe(element);
  }

  /** @param {EventTarget | null} target */
  #cellOf(target) {
    const cell = target instanceof Element ? target.closest(".cell") : null;
    return cell instanceof HTMLElement ? (cell.dataset.pid ?? null) : null;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const pid = this.#cellOf(event.target);
    if (pid === null) return;
    const { selection, order } = this.table;
    if (event.shiftKey) this.table.select(selecting.ranged(selection, pid, order));
    else if (event.ctrlKey || event.metaKey) this.table.select(selecting.toggled(selection, pid));
    else this.table.go(pid);
  }

  /** @param {number} height wished, of the pictures */
  resize(height) {
    this.height = height;
    localStorage.setItem("keepers-row", String(height));
    this.relayout();
  }

  /** Lay all photos out anew; the current one, or else the topmost, stays where it is on the screen. */
  relayout() {
    const { clientWidth, scrollTop } = this.element;
    if (clientWidth === 0) return;
    const anchor = this.#anchor();
    this.#width = clientWidth;
    const padding = clientWidth < 600 ? 4 : 12;
    this.#track.style.left = `${padding}px`;
    const target = Math.min(this.height, clientWidth / 2.2);
    const aspects = this.table.items.map(({ pid }) => {
      const row = this.table.shoot.row(pid);
      return row?.width && row.height ? row.width / row.height : 1.5;
    });
    this.#layout = justify(aspects, clientWidth - 2 * padding, target, GAP, CAPTION);
    this.#track.style.height = `${this.#layout.height + 2 * padding}px`;
    const box = anchor ? this.#layout.boxes[this.table.place(anchor.pid)] : undefined;
    this.element.scrollTop = box && anchor ? box.y - anchor.offset : Math.min(scrollTop, this.#layout.height);
    this.#render();
  }

  #anchor() {
    const { scrollTop, clientHeight } = this.element;
    const top = Math.round(scrollTop);
    const seen = [...this.#cells.values()].map((cell) => ({ pid: cell.pid, offset: cell.element.offsetTop - top }));
    const inside = seen.filter(
      ({ pid, offset }) => offset > -40 && offset < clientHeight - 40 && this.table.place(pid) >= 0,
    );
    return inside.find(({ pid }) => pid === this.table.current) ?? inside[0];
  }

  #scrolled() {
    const now = performance.now();
    const speed = Math.abs(this.element.scrollTop - this.#last.top) / Math.max(1, now - this.#last.time);
    this.#last = { top: this.element.scrollTop, time: now };
    this.#fast = speed > TOO_FAST;
    clearTimeout(this.#timer);
    if (this.#fast)
      this.#timer = window.setTimeout(() => {
        this.#fast = false;
        this.#render();
      }, SETTLED);
    if (!this.#frame)
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#render();
      });
  }

  #render() {
    if (this.element.clientHeight === 0) return;
    const top = this.element.scrollTop;
    const [first, end] = within(this.#layout, top - BEYOND, top + this.element.clientHeight + BEYOND);
    const wanted = new Set(this.table.order.slice(first, end));
    for (const [pid, cell] of this.#cells) {
      if (wanted.has(pid)) continue;
      if (!cell.img.complete) cell.img.removeAttribute("src");
      cell.element.remove();
      this.#cells.delete(pid);
    }
    for (let i = first; i < end; i++) this.#put(i);
  }

  /** @param {number} index */
  #put(index) {
    const item = this.table.items[index];
    const box = this.#layout.boxes[index];
    if (!item || !box) return;
    let cell = this.#cells.get(item.pid);
    if (!cell) {
      cell = newCell(item.pid);
      this.#cells.set(item.pid, cell);
      this.#track.append(cell.element);
      this.#dress(cell);
    }
    const { style } = cell.element;
    style.transform = `translate(${box.x}px, ${box.y}px)`;
    style.width = `${box.width}px`;
    style.height = `${box.height}px`;
    cell.element.setAttribute("aria-posinset", String(index + 1));
    cell.element.setAttribute("aria-setsize", String(this.table.items.length));
    const count = item.members.length;
    cell.stack.hidden = count < 2;
    if (count > 1) cell.stack.textContent = `${GROUPS[item.group?.kind ?? ""] ?? "Group"} ${count}`;
    cell.element.classList.toggle("stacked", count > 1);
    if (!this.#fast && !cell.img.getAttribute("src") && !this.table.shoot.row(item.pid)?.error)
      cell.img.src = image(item.pid, "thumb");
  }

  /** @param {Cell} cell */
  #dress(cell) {
    const row = this.table.shoot.row(cell.pid);
    if (!row) return;
    dressLetter(cell.letter, row);
    const flaw = badge(row);
    cell.note.textContent = flaw || row.name;
    cell.note.classList.toggle("flaw", flaw !== "");
    cell.element.title = [row.name, row.sentence || row.error].filter(Boolean).join("\n");
    cell.stars.textContent = "★".repeat(row.stars);
    const { selection } = this.table;
    const chosen = selection.chosen.has(cell.pid);
    const { classList } = cell.element;
    classList.toggle("chosen", chosen);
    classList.toggle("current", selection.current === cell.pid);
    classList.toggle("rejected", row.choice === "delete");
    classList.toggle("unsaved", this.table.shoot.unsaved.has(cell.pid));
    classList.toggle("unreadable", row.error !== null);
    cell.element.dataset.colour = row.colour;
    cell.element.setAttribute("aria-selected", String(chosen));
    cell.element.setAttribute(
      "aria-label",
      spoken(row) + (this.table.shoot.unsaved.has(cell.pid) ? ", not saved yet" : ""),
    );
  }

  /** Show what changed. @param {Set<string> | null} ids null: all */
  refresh(ids) {
    for (const cell of this.#cells.values()) if (!ids || ids.has(cell.pid)) this.#dress(cell);
  }

  /** Show the selection, and bring the current photo into sight. */
  follow() {
    this.reveal();
    this.mark();
  }

  /** Show the selection. */
  mark() {
    this.refresh(null);
    const cell = this.table.current === null ? undefined : this.#cells.get(this.table.current);
    if (cell) this.element.setAttribute("aria-activedescendant", cell.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  reveal() {
    const box = this.#layout.boxes[this.table.place(this.table.current)];
    if (!box || this.element.clientHeight === 0) return;
    const { scrollTop, clientHeight } = this.element;
    if (box.y < scrollTop) this.element.scrollTop = box.y - 8;
    else if (box.y + box.height > scrollTop + clientHeight - 16)
      this.element.scrollTop = box.y + box.height - clientHeight + 24;
    else return;
    this.#render();
  }

  /** The index above or below the current photo. @param {1 | -1} step */
  beside(step) {
    return vertical(this.#layout, this.table.place(this.table.current), step);
  }

  /** As many rows further as are in sight. @param {1 | -1} step */
  page(step) {
    const box = this.#layout.boxes[this.table.place(this.table.current)];
    if (!box) return 0;
    const [first, end] = within(this.#layout, box.y + step * this.element.clientHeight * 0.8, Infinity);
    return Math.min(first, end - 1);
  }
}

/** @param {string} pid @returns {Cell} */
function newCell(pid) {
  const img = make("img", { alt: "", draggable: "false", decoding: "async" });
  const mark = make("span", { class: "letter", "aria-hidden": "true" });
  const note = make("span", { class: "note" });
  const stars = make("span", { class: "stars" });
  const stack = make("span", { class: "stack", hidden: true });
  const caption = make("div", { class: "caption" }, mark, note, stars, make("span", { class: "swatch" }));
  const element = make(
    "div",
    { class: "cell", role: "option", id: `p-${pid}` },
    make("div", { class: "mat" }, img, stack),
    caption,
  );
  element.dataset.pid = pid;
  return { element, img, letter: mark, note, stars, stack, pid };
}

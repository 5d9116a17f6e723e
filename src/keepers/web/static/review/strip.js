// The film strip below the photo: its neighbours, always with the current one in the middle.

import { image } from "./api.js";
import { dressLetter, make } from "./dom.js";

const WIDTH = 84;

/** @typedef {{button: HTMLButtonElement, letter: HTMLElement}} Frame */

export class Strip {
  /** @type {Map<string, Frame>} by photo: a step moves the frames, and only those at the ends are new */
  #frames = new Map();

  /** @param {HTMLElement} element @param {import("./table.js").Table} table */
  constructor(element, table) {
    this.element = element;
    this.table = table;
    new ResizeObserver(() => this.draw()).observe(element);
  }

  draw() {
    if (!this.element.clientWidth) return;
    const half = Math.ceil(this.element.clientWidth / WIDTH / 2);
    const middle = this.table.place(this.table.current);
    const first = Math.max(0, middle - half);
    const wanted = this.table.order.slice(first, middle + half + 1);
    const shift = this.element.clientWidth / 2 - WIDTH / 2;
    for (const [pid, frame] of this.#frames) {
      if (wanted.includes(pid)) continue;
      frame.button.remove();
      this.#frames.delete(pid);
    }
    wanted.forEach((pid, i) => this.#put(pid, shift + (first + i - middle) * WIDTH, first + i === middle));
  }

  /** @param {string} pid @param {number} left in CSS pixels @param {boolean} current */
  #put(pid, left, current) {
    const row = this.table.shoot.row(pid);
    if (!row) return;
    const frame = this.#frames.get(pid) ?? this.#add(row);
    dressLetter(frame.letter, row);
    frame.button.style.transform = `translateX(${left}px)`;
    frame.button.classList.toggle("current", current);
    frame.button.setAttribute("aria-current", String(current));
  }

  /** @param {import("./types.js").Row} row @returns {Frame} */
  #add(row) {
    const img = make("img", { alt: "", draggable: "false", decoding: "async" });
    if (!row.error) img.src = image(row.id, "thumb");
    const letter = make("span", { class: "letter", "aria-hidden": "true" });
    const button = make("button", { type: "button", class: "frame", tabindex: "-1", "aria-label": row.name }, img, letter);
    button.dataset.pid = row.id;
    button.addEventListener("click", () => this.table.go(row.id));
    this.element.append(button);
    const frame = { button, letter };
    this.#frames.set(row.id, frame);
    return frame;
  }
}

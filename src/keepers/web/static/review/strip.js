// The film strip below the photo: its neighbours, always with the current one in the middle.

import { image } from "./api.js";
import { dressLetter, make } from "./dom.js";

const WIDTH = 84;

export class Strip {
  /** @type {{button: HTMLButtonElement, img: HTMLImageElement, letter: HTMLElement, pid: string}[]} */
  #frames = [];

  /** @param {HTMLElement} element @param {import("./table.js").Table} table */
  constructor(element, table) {
    this.element = element;
    this.table = table;
    new ResizeObserver(() => this.draw()).observe(element);
  }

  draw() {
    if (!this.element.clientWidth) return;
    const half = Math.ceil(this.element.clientWidth / WIDTH / 2);
    while (this.#frames.length < 2 * half + 1) this.#add();
    const middle = this.table.place(this.table.current);
    const shift = this.element.clientWidth / 2 - (half + 0.5) * WIDTH;
    this.#frames.forEach((frame, i) => {
      const pid = i <= 2 * half ? this.table.order[middle - half + i] : undefined;
      frame.button.style.transform = `translateX(${shift + i * WIDTH}px)`;
      frame.button.hidden = pid === undefined;
      if (pid !== undefined) this.#fill(frame, pid, i === half);
    });
  }

  #add() {
    const img = make("img", { alt: "", draggable: "false" });
    const letter = make("span", { class: "letter", "aria-hidden": "true" });
    const button = make("button", { type: "button", class: "frame", tabindex: "-1" }, img, letter);
    const frame = { button, img, letter, pid: "" };
    button.addEventListener("click", () => this.table.go(frame.pid));
    this.#frames.push(frame);
    this.element.append(button);
  }

  /**
   * @param {{button: HTMLButtonElement, img: HTMLImageElement, letter: HTMLElement, pid: string}} frame
   * @param {string} pid
   * @param {boolean} current
   */
  #fill(frame, pid, current) {
    const row = this.table.shoot.row(pid);
    if (!row) return;
    if (frame.pid !== pid) {
      frame.pid = pid;
      if (row.error) frame.img.removeAttribute("src");
      else frame.img.src = image(pid, "thumb");
      frame.button.setAttribute("aria-label", row.name);
    }
    dressLetter(frame.letter, row);
    frame.button.classList.toggle("current", current);
    frame.button.setAttribute("aria-current", String(current));
  }
}

// The line at the bottom: the current photo in words, buttons for mouse and fingers, and what the page has to tell.

import { byId, dressLetter, plural } from "./dom.js";
import { spoken, VERDICT } from "./words.js";

const SHOWN_FOR = 5000;

export class Deck {
  #note = byId("note", HTMLElement);
  #trouble = byId("trouble", HTMLElement);
  #timer = 0;
  #spoken = "";

  /** @param {import("./table.js").Table} table */
  constructor(table) {
    this.table = table;
    for (const star of document.querySelectorAll("button[data-stars]")) {
      if (!(star instanceof HTMLElement)) continue;
      const stars = Number(star.dataset.stars);
      star.addEventListener("click", () => table.mark({ stars: table.row?.stars === stars ? 0 : stars }));
    }
  }

  refresh() {
    const { row, shoot } = this.table;
    dressLetter(
      byId("deck-letter", HTMLElement),
      row ?? /** @type {any} */ ({ error: null, verdict: null, choice: null }),
    );
    byId("deck-name", HTMLElement).textContent = row?.name ?? "";
    byId("deck-sentence", HTMLElement).textContent = row ? this.#sentence(row) : "";
    for (const verdict of ["keep", "maybe", "delete"]) {
      document
        .querySelector(`#deck [data-do="${verdict}"]`)
        ?.setAttribute("aria-pressed", String(row?.choice === verdict));
    }
    for (const star of document.querySelectorAll("button[data-stars]")) {
      if (!(star instanceof HTMLElement)) continue;
      const on = Number(star.dataset.stars) <= (row?.stars ?? 0);
      star.textContent = on ? "★" : "☆";
      star.setAttribute("aria-pressed", String(on));
    }
    byId("auto", HTMLElement).setAttribute("aria-pressed", String(this.table.auto || this.table.caps));
    byId("position", HTMLElement).textContent = this.table.order.length
      ? `${this.table.place(this.table.current) + 1} of ${this.table.order.length.toLocaleString("en")}`
      : "";
    byId("undo", HTMLButtonElement).disabled = !shoot.canUndo && !shoot.outbox.writes.length;
    byId("redo", HTMLButtonElement).disabled = !shoot.canRedo;
    this.#culling();
    this.#worry();
    this.#say();
  }

  /** @param {import("./types.js").Row} row */
  #sentence(row) {
    if (row.error) return row.error;
    const state = row.choice
      ? `${VERDICT[row.choice]}, decided`
      : row.verdict
        ? `${VERDICT[row.verdict]}, proposed`
        : "Not judged yet";
    const saved = this.table.shoot.unsaved.has(row.id) ? "not saved yet" : "";
    return [state, row.sentence.replace(/\.$/, ""), saved].filter(Boolean).join(" · ");
  }

  /** What a screen reader hears where no focus moves. */
  #say() {
    const { row, view } = this.table;
    const said = row && view !== "grid" && view !== "audit" ? spoken(row) : "";
    if (said !== this.#spoken) byId("spoken", HTMLElement).textContent = said;
    this.#spoken = said;
  }

  #culling() {
    const { state, progress } = this.table.shoot;
    const line = byId("culling", HTMLElement);
    line.hidden = state !== "culling";
    line.setAttribute("aria-valuemax", String(progress.total));
    line.setAttribute("aria-valuenow", String(progress.done));
    byId("culled", HTMLElement).style.width = `${progress.total ? (100 * progress.done) / progress.total : 0}%`;
  }

  /** A lost connection is said for as long as it lasts, and why photos that are shown have no verdicts. */
  #worry() {
    const { outbox, connected, state, error } = this.table.shoot;
    const waiting = outbox.writes.length;
    const queue = waiting ? ` Waiting in this browser until it is back: ${plural(waiting, "change")}.` : "";
    const text =
      outbox.trouble === "locked"
        ? `keepers was started anew: open the link that it printed in this browser.${queue}`
        : !connected || outbox.trouble
          ? `keepers does not answer.${queue || " You can go on; what you choose is kept."}`
          : state === "failed"
            ? (error ?? "")
            : "";
    if (this.#trouble.textContent !== text) this.#trouble.textContent = text;
    this.#trouble.hidden = text === "";
  }

  /** @param {string} sentence */
  tell(sentence) {
    this.#note.textContent = sentence;
    this.#note.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#note.hidden = true;
    }, SHOWN_FOR);
  }
}

// The bar: piles with their counts, filters, order, and how much is decided.

import { byId, make, plural } from "./dom.js";
import { ALL, extras, facets, piles } from "./filters.js";
import { EYES, FLAWS, flawWord } from "./words.js";

/** @param {string} verdict */
export function letterOf(verdict) {
  const text = { keep: "K", maybe: "M", delete: "D", unreadable: "!", undecided: "·" }[verdict] ?? "";
  return make(
    "span",
    { class: `letter chosen ${verdict === "unreadable" ? "unread" : verdict}`, "aria-hidden": "true" },
    text,
  );
}

export class Bar {
  #chips = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("button[data-pile]")]);
  #form = byId("filters", HTMLFormElement);
  #stale = 0;

  /** @param {import("./table.js").Table} table */
  constructor(table) {
    this.table = table;
    for (const chip of this.#chips)
      chip.addEventListener("click", () => table.narrow({ pile: chip.dataset.pile ?? "" }));
    this.#form.addEventListener("input", () => table.narrow(this.#asked()));
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    byId("sort", HTMLSelectElement).addEventListener("change", (event) =>
      table.arrange(/** @type {any} */ (event.target).value),
    );
    byId("clear-filters", HTMLButtonElement).addEventListener("click", () => {
      this.#form.reset();
      table.narrow({ ...ALL, pile: table.filter.pile });
    });
    byId("filter-menu", HTMLElement).addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "open") this.#offer();
    });
  }

  /** @returns {Partial<import("./filters.js").Filter>} */
  #asked() {
    const data = new FormData(this.#form);
    const get = (/** @type {string} */ name) => String(data.get(name) ?? "");
    return {
      flaw: get("flaw"),
      eyes: get("eyes"),
      stars: Number(get("stars")),
      group: get("group"),
      camera: get("camera"),
      colour: get("colour"),
      words: get("words").trim(),
    };
  }

  /** Fill the menus with what the shoot has. */
  #offer() {
    const found = facets(this.table.shoot.rows(), Object.keys(FLAWS));
    const options = (/** @type {string} */ name, /** @type {[string, string][]} */ list) => {
      const select = this.#form.elements.namedItem(name);
      if (!(select instanceof HTMLSelectElement)) return;
      const value = select.value;
      select.replaceChildren(
        make("option", { value: "" }, "any"),
        ...list.map(([key, text]) => make("option", { value: key }, text)),
      );
      select.value = value;
    };
    const counted = (/** @type {string} */ key, /** @type {(name: string) => string} */ word) =>
      [...(found[key] ?? [])]
        .sort((a, b) => b[1] - a[1])
        .map(
          ([name, count]) => /** @type {[string, string]} */ ([name, `${word(name)} (${count.toLocaleString("en")})`]),
        );
    options("flaw", counted("flaw", flawWord));
    options("eyes", [["some", "with faces"], ...counted("eyes", (name) => EYES[name] ?? name)]);
    options(
      "camera",
      counted("camera", (name) => name),
    );
    options(
      "colour",
      counted("colour", (name) => name),
    );
    const group = this.table.row?.group;
    options("group", [
      ["grouped", "in a burst or series"],
      ["single", "on its own"],
      ...(group === null || group === undefined
        ? []
        : [/** @type {[string, string]} */ ([String(group), "that of the current photo"])]),
    ]);
  }

  /** Count anew, at most once a frame. */
  refresh() {
    if (!this.#stale)
      this.#stale = requestAnimationFrame(() => {
        this.#stale = 0;
        this.#draw();
      });
  }

  #draw() {
    const { shoot, filter, items, selection } = this.table;
    const rows = shoot.rows();
    const counts = piles(rows, filter);
    for (const chip of this.#chips) {
      const pile = chip.dataset.pile ?? "";
      const count = counts[pile] ?? 0;
      const text = chip.querySelector(".count");
      if (text) text.textContent = count.toLocaleString("en");
      chip.setAttribute("aria-pressed", String(filter.pile === pile));
      if (pile === "unreadable") chip.hidden = count === 0 && filter.pile !== pile;
    }
    const more = extras(filter);
    byId("filter-count", HTMLElement).textContent = more ? ` · ${more}` : "";
    byId("filter-button", HTMLButtonElement).classList.toggle("on", more > 0);
    this.#done(rows);
    const chosen = selection.chosen.size > 1 ? `${selection.chosen.size.toLocaleString("en")} selected of ` : "";
    byId("shown", HTMLElement).textContent = chosen + plural(items.length, this.table.folded ? "place" : "photo");
    const empty = byId("empty", HTMLElement);
    empty.hidden = items.length > 0 || shoot.version < 0;
    const waiting = {
      culling: "keepers is looking at the photos; they appear here one after the other.",
      failed: shoot.error ?? "The shoot could not be opened.",
    };
    empty.textContent = shoot.size
      ? "No photo here passes the filter."
      : (waiting[/** @type {keyof typeof waiting} */ (shoot.state)] ?? "There is no photo here.");
  }

  /** @param {import("./types.js").Row[]} rows */
  #done(rows) {
    let [readable, decided] = [0, 0];
    for (const row of rows) {
      if (row.error) continue;
      readable++;
      if (row.choice) decided++;
    }
    const { state, progress } = this.table.shoot;
    const of = (/** @type {number} */ some, /** @type {number} */ all) =>
      `${some.toLocaleString("en")} of ${all.toLocaleString("en")}`;
    const waiting = progress.done < progress.total ? `Culling: ${of(progress.done, progress.total)}` : "Comparing the photos…";
    byId("decided", HTMLElement).textContent = state === "culling" ? waiting : `${of(decided, readable)} decided`;
    byId("meter", HTMLElement).style.width = `${readable ? (100 * decided) / readable : 0}%`;
  }
}

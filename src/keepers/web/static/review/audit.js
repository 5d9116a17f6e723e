// A blind check of keepers: photos of all piles without their verdicts, your answers, and then how often it was wrong.

import * as api from "./api.js";
import { dialog } from "./dialogs.js";
import { button, make, plural } from "./dom.js";
import { prefetch } from "./images.js";
import { Picture } from "./picture.js";
import { wilson } from "./wilson.js";

const SIZE = 30;

/** @typedef {{pid: string, kept: boolean}} Answer */

/**
 * Of the photos that keepers would delete, how many were answered with Keep; and the other way round.
 * @param {Answer[]} answers @param {(pid: string) => string | null} machine
 */
export function measured(answers, machine) {
  const deleted = answers.filter(({ pid }) => machine(pid) === "delete");
  const others = answers.filter(({ pid }) => machine(pid) !== "delete");
  return {
    lost: deleted.filter(({ kept }) => kept).length,
    deleted: deleted.length,
    passed: others.filter(({ kept }) => !kept).length,
    others: others.length,
  };
}

export class Audit {
  /** @type {string[]} */
  #ids = [];
  /** @type {Answer[]} */
  #answers = [];
  picture = new Picture("Photo to judge");

  /** @param {{stage: HTMLElement, count: HTMLElement}} places @param {import("./table.js").Table} table */
  constructor(places, table) {
    this.table = table;
    this.count = places.count;
    places.stage.append(this.picture.element);
  }

  async begin() {
    const { ids } = await api.audit(SIZE);
    if (!ids.length)
      return this.table.shoot.tell("There is nothing to check: keepers proposes to delete none of these photos.");
    [this.#ids, this.#answers] = [ids, []];
    this.table.show("audit");
    this.#show();
  }

  #show() {
    const pid = this.#ids[this.#answers.length];
    const row = this.table.shoot.row(pid ?? null);
    this.count.textContent = `${this.#answers.length + 1} of ${this.#ids.length}`;
    if (!row) return this.#end();
    void this.picture.show(row);
    prefetch(this.#ids.slice(this.#answers.length + 1, this.#answers.length + 5));
  }

  /** @param {boolean} kept */
  answer(kept) {
    const pid = this.#ids[this.#answers.length];
    if (pid === undefined) return;
    this.#answers.push({ pid, kept });
    if (this.#answers.length < this.#ids.length) this.#show();
    else this.#end();
  }

  back() {
    if (!this.#answers.pop()) return;
    this.#show();
  }

  /** Leave; what was answered so far is still measured. */
  leave() {
    this.#end();
  }

  #end() {
    this.table.show("grid");
    const answers = this.#answers;
    [this.#ids, this.#answers] = [[], []];
    if (!answers.length) return;
    const found = measured(answers, (pid) => this.table.shoot.row(pid)?.machine ?? null);
    const store = button("Keep my answers as decisions", () => {
      for (const verdict of /** @type {const} */ (["keep", "delete"])) {
        const ids = answers.filter(({ kept }) => kept === (verdict === "keep")).map(({ pid }) => pid);
        if (ids.length) this.table.shoot.write({ verb: "choices", ids, body: { ids, verdict } });
      }
      told.close();
    });
    const told = dialog(
      "What the check found",
      [
        finding("Keepers lost", "of the photos in To be Deleted you would keep", found.lost, found.deleted),
        finding("Rejects passed", "of the other photos you would reject", found.passed, found.others),
        make(
          "p",
          { class: "soft" },
          "The interval is Wilson's, 95 %: with few photos it is wide. More checks make it narrower.",
        ),
      ],
      [store],
    );
  }
}

/** @param {string} title @param {string} words @param {number} hits @param {number} trials */
function finding(title, words, hits, trials) {
  const [low, high] = wilson(hits, trials);
  const share = trials ? `${Math.round((100 * hits) / trials)} %` : "–";
  const range = trials
    ? `between ${(100 * low).toFixed(1)} and ${(100 * high).toFixed(1)} %`
    : "none was in the sample";
  return make(
    "div",
    { class: "finding" },
    make("h3", {}, title),
    make("p", { class: "share" }, share),
    make("p", {}, `${hits} of ${plural(trials, "photo")}: ${words}; ${range}.`),
  );
}

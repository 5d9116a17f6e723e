// A blind check of keepers: photos of all piles without their verdicts, your answers, and then how often it was wrong.

import * as api from "./api.js";
import { dialog } from "./dialogs.js";
import { button, make, plural } from "./dom.js";
import { prefetch } from "./images.js";
import { Picture } from "./picture.js";

/** @typedef {{pid: string, kept: boolean}} Answer */

export class Audit {
  #audit = 0;
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
    const { audit, ids } = await api.audit();
    if (!ids.length) return this.table.shoot.tell("There is nothing to check: you decided of all that was drawn.");
    [this.#audit, this.#ids, this.#answers] = [audit, ids, []];
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
    const [audit, answers] = [this.#audit, this.#answers];
    [this.#ids, this.#answers] = [[], []];
    if (answers.length) void this.#tell(audit, answers).catch((error) => this.table.shoot.tell(error.message));
  }

  /** @param {number} audit @param {Answer[]} answers */
  async #tell(audit, answers) {
    const of = (/** @type {boolean} */ keep) => answers.filter(({ kept }) => kept === keep).map(({ pid }) => pid);
    const given = { keep: of(true), delete: of(false) };
    const found = await api.audited(audit, { ...given, store: false });
    const store = button("Keep my answers as decisions", () => {
      api.audited(audit, { ...given, store: true }).then(
        () => told.close(),
        (error) => this.table.shoot.tell(error.message),
      );
    });
    const told = dialog(
      "What the check found",
      [
        finding(
          "Keepers lost",
          `${found.wrong} of ${plural(found.checked, "photo")} in To be Deleted you would keep`,
          found.rate,
        ),
        finding(
          "Good photos put away",
          "of all photos that you would keep are in To be Deleted, as far as the sample tells",
          found.false_rejects,
        ),
        make(
          "p",
          { class: "soft" },
          "The interval is Wilson's, 95 %: with few photos it is wide. More checks make it narrower. " +
            "Kept as decisions, the answers also count for the promised budget.",
        ),
      ],
      [store],
    );
  }
}

/** @param {string} title @param {string} words @param {import("./types.js").Estimate | null} share */
function finding(title, words, share) {
  const percent = (/** @type {number} */ part) => (100 * part).toFixed(1);
  const range = !share
    ? "too few were in the sample to say"
    : share.low === share.high
      ? `${percent(share.value)} %, and all of them were looked at`
      : `between ${percent(share.low)} and ${percent(share.high)} %`;
  return make(
    "div",
    { class: "finding" },
    make("h3", {}, title),
    make("p", { class: "share" }, share ? `${Math.round(100 * share.value)} %` : "–"),
    make("p", {}, `${words}; ${range}.`),
  );
}

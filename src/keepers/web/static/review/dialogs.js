// Dialogs: a question with its numbers before anything large, and the list of keys.

import { button, make, plural } from "./dom.js";
import { letterOf } from "./bar.js";
import { VERDICTS } from "./words.js";

/**
 * A dialog on top of the page; the browser keeps the focus in it and gives it back afterwards.
 * @param {string} title @param {(Node | string)[]} content @param {HTMLButtonElement[]} buttons
 */
export function dialog(title, content, buttons) {
  const heading = make("h2", { id: "dialog-title" }, title);
  const close = button("Close", () => made.close(), { class: "btn btn-sm quiet" });
  const body = make("div", { class: "content" }, ...content);
  const made = make(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    heading,
    body,
    make("div", { class: "buttons" }, close, ...buttons),
  );
  made.addEventListener("close", () => made.remove());
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  // Where nothing is to be filled in, the focus goes to a button and not to the text that may scroll.
  if (!body.querySelector("input, select")) close.autofocus = true;
  document.body.append(made);
  made.showModal();
  if (body.scrollHeight > body.clientHeight + 4) body.tabIndex = 0; // so that the arrow keys can scroll it
  return made;
}

/** @param {import("./keys.js").Binding[]} bindings */
export function help(bindings) {
  const list = make("dl", { class: "keys" });
  for (const { shown, what } of bindings) {
    if (shown)
      list.append(
        make("div", {}, make("dt", {}, ...shown.split(" ").map((key) => make("kbd", {}, key))), make("dd", {}, what)),
      );
  }
  const marks = make(
    "p",
    { class: "soft" },
    "An outlined letter is what keepers proposes, a filled one is your decision. " +
      "Nothing is deleted or moved: To be Deleted is a pile, and Export says what becomes of it.",
  );
  dialog("Keys", [list, marks], []).classList.add("wide");
}

/**
 * Ask before proposals become decisions.
 * @param {import("./types.js").Row[]} rows of the filter or the group @param {string} what @param {(ids: string[]) => void} accept
 */
export function accepting(rows, what, accept) {
  const open = rows.filter((row) => row.choice === null && row.machine !== null && !row.error);
  const counts = { keep: 0, maybe: 0, delete: 0 };
  for (const { machine } of open) if (machine) counts[machine]++;
  const list = make("ul", { class: "piles" });
  for (const [verdict, count] of Object.entries(counts)) {
    list.append(
      make("li", {}, letterOf(verdict), `${VERDICTS[verdict]}`, make("strong", {}, count.toLocaleString("en"))),
    );
  }
  const decided = rows.length - open.length;
  const rest = decided ? `Decided or unreadable, and left as they are: ${plural(decided, "other photo")}. ` : "";
  const go = button(
    `Accept ${open.length.toLocaleString("en")}`,
    () => {
      accept(open.map((row) => row.id));
      asked.close();
    },
    { class: "btn btn-sm loud", disabled: open.length === 0 },
  );
  const asked = dialog(
    "Accept the proposals?",
    [
      make(
        "p",
        {},
        `${plural(open.length, "proposal")} ${what} ${open.length === 1 ? "becomes a decision" : "become decisions"}:`,
      ),
      list,
      make("p", { class: "soft" }, `${rest}Undo (Ctrl+Z) takes all of it back. No file is touched.`),
    ],
    [go],
  );
  go.focus();
}

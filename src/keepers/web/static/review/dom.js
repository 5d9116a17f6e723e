// Making and finding elements. Text is always set as text: the page's policy forbids HTML from strings.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

/**
 * An element with attributes and children; a string becomes text, null is left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | null>} [attributes] true: present without a value; false, null: absent
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, string | boolean | null>} [attributes]
 */
export function button(label, act, attributes = {}) {
  const made = make("button", { type: "button", class: "btn btn-sm quiet", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * The letter of a verdict, filled where a person decided and an outline where it is a proposal.
 * @param {import("./types.js").Row} row
 */
export function letter(row) {
  const made = make("span", { class: "letter", "aria-hidden": "true" });
  dressLetter(made, row);
  return made;
}

/** @param {HTMLElement} element @param {import("./types.js").Row} row */
export function dressLetter(element, row) {
  const kind = row.error ? "unread" : (row.verdict ?? "none");
  element.className = `letter ${kind}${row.choice ? " chosen" : ""}`;
  element.textContent = { keep: "K", maybe: "M", delete: "D", unread: "!", none: "·" }[kind];
}

// Keys: one table that both acts and explains itself in the help dialog.

/**
 * @typedef {import("./table.js").ViewName} ViewName
 * @typedef {{keys: string[], shown: string, what: string, views?: ViewName[], act: (key: string, shift: boolean) => void}} Binding
 *   `keys`: as `pressed` names them; `shown`: for the help; `views`: where it works, everywhere without it
 */

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=range]), select, textarea, [contenteditable]";
const PRESSING = "button, summary, a[href], input, select";

/** The name of a pressed key: "ctrl+shift+z", "p", "shift+p", "arrowleft", "3", " ". @param {KeyboardEvent} event */
export function pressed(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const key = digit ?? event.key.toLowerCase();
  const written = key.length === 1 && !/[a-z0-9 ]/.test(key); // "?" needs Shift on some keyboards
  const modifiers = [
    event.ctrlKey || event.metaKey ? "ctrl+" : "",
    event.altKey ? "alt+" : "",
    event.shiftKey && !written ? "shift+" : "",
  ];
  return modifiers.join("") + key;
}

/**
 * @param {Binding[]} bindings
 * @param {() => ViewName} view
 * @param {(caps: boolean) => void} caps
 */
export function listen(bindings, view, caps) {
  addEventListener("keydown", (event) => {
    caps(event.getModifierState("CapsLock"));
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.isComposing || document.querySelector("dialog[open]") || target.matches(TYPING)) return;
    if ((event.key === "Enter" || event.key === " ") && target.matches(PRESSING)) return;
    if (target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
    const name = pressed(event);
    const found = bindings.find((one) => one.keys.includes(name) && (!one.views || one.views.includes(view())));
    if (!found) return;
    event.preventDefault();
    found.act(name.replace(/^(?:ctrl\+|alt\+|shift\+)+/, ""), name.includes("shift+"));
  });
}

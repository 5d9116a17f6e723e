// Which photos are meant: one current photo, and a selection that clicks, Shift and Ctrl change as in any file list.

/**
 * @typedef {{current: string | null, anchor: string | null, chosen: ReadonlySet<string>}} Selection
 */

/** @type {Selection} */
export const NOTHING = { current: null, anchor: null, chosen: new Set() };

/** @param {string | null} pid @returns {Selection} */
export function only(pid) {
  return { current: pid, anchor: pid, chosen: new Set(pid === null ? [] : [pid]) };
}

/** Ctrl-click: in or out. @param {Selection} selection @param {string} pid @returns {Selection} */
export function toggled(selection, pid) {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(pid)) chosen.add(pid);
  return { current: pid, anchor: pid, chosen };
}

/**
 * Shift-click: all from the anchor to here.
 * @param {Selection} selection
 * @param {string} pid
 * @param {string[]} order
 * @returns {Selection}
 */
export function ranged(selection, pid, order) {
  const anchor = selection.anchor ?? selection.current ?? pid;
  const [a, b] = [order.indexOf(anchor), order.indexOf(pid)].sort((x, y) => x - y);
  if (a === undefined || b === undefined || a < 0) return only(pid);
  return { current: pid, anchor, chosen: new Set(order.slice(a, b + 1)) };
}

/** @param {Selection} selection @param {string[]} order @returns {Selection} */
export function everything(selection, order) {
  return { current: selection.current ?? order[0] ?? null, anchor: order[0] ?? null, chosen: new Set(order) };
}

/**
 * What a key acts on: the selection where the current photo is part of it, in the order shown.
 * @param {Selection} selection
 * @param {string[]} order
 */
export function meant(selection, order) {
  if (selection.current === null) return [];
  if (selection.chosen.size < 2 || !selection.chosen.has(selection.current)) return [selection.current];
  return order.filter((pid) => selection.chosen.has(pid));
}

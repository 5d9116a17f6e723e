// Which photos are shown, in which order, and how many there are of each kind. No elements here.

/**
 * @typedef {import("./types.js").Row} Row
 * @typedef {{pile: string, flaw: string, eyes: string, stars: number, group: string, camera: string, colour: string, words: string}} Filter
 *   "" (0 for stars) lets everything through
 * @typedef {"time" | "name" | "score" | "verdict"} Sort
 */

/** @type {Filter} */
export const ALL = Object.freeze({
  pile: "",
  flaw: "",
  eyes: "",
  stars: 0,
  group: "",
  camera: "",
  colour: "",
  words: "",
});

/** @param {Row} row @param {string} pile */
export function inPile(row, pile) {
  switch (pile) {
    case "":
      return true;
    case "unreadable":
      return row.error !== null;
    case "undecided":
      return row.error === null && row.choice === null;
    default:
      return row.error === null && row.verdict === pile;
  }
}

/** @param {Row} row @param {Filter} filter */
export function passes(row, filter) {
  return inPile(row, filter.pile) && besides(row, filter);
}

/** Everything but the pile. @param {Row} row @param {Filter} filter */
function besides(row, filter) {
  if (filter.flaw && !row.reasons.includes(filter.flaw)) return false;
  if (filter.eyes === "some" ? row.faces === 0 : filter.eyes && row.eyes !== filter.eyes) return false;
  if (row.stars < filter.stars) return false;
  if (filter.group === "grouped" && row.group === null) return false;
  if (filter.group === "single" && row.group !== null) return false;
  if (/^\d+$/.test(filter.group) && row.group !== Number(filter.group)) return false;
  if (filter.camera && row.camera !== filter.camera) return false;
  if (filter.colour && row.colour !== filter.colour) return false;
  return !filter.words || row.path.toLowerCase().includes(filter.words.toLowerCase());
}

/** How many filters besides the pile are set. @param {Filter} filter */
export function extras(filter) {
  return ["flaw", "eyes", "stars", "group", "camera", "colour", "words"].filter(
    (key) => filter[/** @type {keyof Filter} */ (key)],
  ).length;
}

/** @type {Record<string, number>} */
const RANK = { keep: 0, maybe: 1, delete: 2 };

/** @type {Record<Sort, (a: Row, b: Row) => number>} */
const ORDERS = {
  time: (a, b) => compare(a.time ?? "\uffff", b.time ?? "\uffff"),
  name: () => 0,
  score: (a, b) => (b.score ?? -1) - (a.score ?? -1),
  verdict: (a, b) => (RANK[a.verdict ?? ""] ?? 3) - (RANK[b.verdict ?? ""] ?? 3),
};

/** @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** A new array; ties stay in the order given, which is that of the names. @param {Row[]} rows @param {Sort} sort */
export function sorted(rows, sort) {
  return [...rows].sort(ORDERS[sort]);
}

/**
 * How many photos each pile would show with the other filters as they are.
 * @param {Iterable<Row>} rows @param {Filter} filter @returns {Record<string, number>}
 */
export function piles(rows, filter) {
  /** @type {Record<string, number>} */
  const counts = { "": 0, keep: 0, maybe: 0, delete: 0, undecided: 0, unreadable: 0 };
  const plain = extras(filter) === 0;
  for (const row of rows) {
    if (!plain && !besides(row, filter)) continue;
    for (const pile of Object.keys(counts)) if (inPile(row, pile)) counts[pile] = (counts[pile] ?? 0) + 1;
  }
  return counts;
}

/** What there is to filter by. @param {Iterable<Row>} rows @param {string[]} known names of flaws */
export function facets(rows, known) {
  /** @type {Record<string, Map<string, number>>} */
  const found = { flaw: new Map(), eyes: new Map(), camera: new Map(), colour: new Map() };
  const count = (/** @type {string} */ key, /** @type {string} */ value) =>
    found[key]?.set(value, (found[key]?.get(value) ?? 0) + 1);
  for (const row of rows) {
    for (const flaw of new Set(row.reasons)) if (known.includes(flaw)) count("flaw", flaw);
    count("eyes", row.eyes);
    if (row.camera) count("camera", row.camera);
    if (row.colour) count("colour", row.colour);
  }
  return found;
}

/**
 * Groups folded to one place each, where the first of their photos stands; the best of those shown is on top.
 * @param {Row[]} rows @param {Map<number, import("./types.js").Group>} groups @returns {import("./types.js").Item[]}
 */
export function stacked(rows, groups) {
  /** @type {Map<number, import("./types.js").Item>} */
  const stacks = new Map();
  /** @type {import("./types.js").Item[]} */
  const items = [];
  for (const row of rows) {
    const group = row.group === null ? undefined : groups.get(row.group);
    const stack = group && stacks.get(group.id);
    if (stack) {
      stack.members.push(row.id);
      if (stack.group?.best === row.id) stack.pid = row.id;
      continue;
    }
    const item = { pid: row.id, members: [row.id], group: group ?? null };
    if (group) stacks.set(group.id, item);
    items.push(item);
  }
  return items;
}

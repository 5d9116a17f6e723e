// Where photos lie in the grid: justified rows, and the part of them that is in sight. Numbers in, numbers out.

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Box in CSS pixels
 * @typedef {{boxes: Box[], height: number, rows: number[]}} Layout `rows`: index of the first box of every row
 */

/** Wider and narrower photos keep their shape up to here; beyond, they are shown with a margin. */
const NARROWEST = 0.4;
const WIDEST = 3.5;

/**
 * Rows of one height each that end flush at both sides; the last one stays at the wished height.
 * @param {number[]} aspects width / height of every photo
 * @param {number} width of the grid
 * @param {number} target wished height of the pictures
 * @param {number} gap between photos
 * @param {number} caption height of the line below each picture
 * @returns {Layout}
 */
export function justify(aspects, width, target, gap, caption) {
  /** @type {Box[]} */
  const boxes = new Array(aspects.length);
  /** @type {number[]} */
  const rows = [];
  let y = 0;
  let first = 0;
  let sum = 0;
  for (let i = 0; i < aspects.length; i++) {
    sum += bounded(aspects[i] ?? 1.5);
    const room = width - gap * (i - first);
    const last = i === aspects.length - 1;
    if (sum * target < room && !last) continue;
    const height = Math.max(1, Math.min(room / sum, last ? target : Infinity));
    place(boxes, aspects, { first, last: i, y, height, gap, caption, width, flush: height * sum > room - 1 });
    rows.push(first);
    y += Math.round(height) + caption + gap;
    first = i + 1;
    sum = 0;
  }
  return { boxes, height: Math.max(0, y - gap), rows };
}

/** @param {number} aspect */
const bounded = (aspect) => Math.min(WIDEST, Math.max(NARROWEST, aspect));

/**
 * @param {Box[]} boxes @param {number[]} aspects
 * @param {{first: number, last: number, y: number, height: number, gap: number, caption: number, width: number, flush: boolean}} row
 */
function place(boxes, aspects, row) {
  let x = 0;
  for (let i = row.first; i <= row.last; i++) {
    const right = x + bounded(aspects[i] ?? 1.5) * row.height;
    const left = Math.round(x);
    const end = i === row.last && row.flush ? row.width : Math.round(right);
    boxes[i] = { x: left, y: row.y, width: Math.max(1, end - left), height: Math.round(row.height) + row.caption };
    x = right + row.gap;
  }
}

/**
 * The boxes between two heights, as [first, end); found in logarithmic time.
 * @param {Layout} layout @param {number} top @param {number} bottom
 * @returns {[number, number]}
 */
export function within(layout, top, bottom) {
  const { boxes, rows } = layout;
  const bottomOf = (/** @type {number} */ row) => {
    const box = boxes[rows[row] ?? 0];
    return box ? box.y + box.height : 0;
  };
  const start = lowest(rows.length, (row) => bottomOf(row) > top);
  const end = lowest(rows.length, (row) => (boxes[rows[row] ?? 0]?.y ?? 0) >= bottom);
  return [rows[start] ?? boxes.length, rows[end] ?? boxes.length];
}

/**
 * The lowest number below `count` for which `holds`; it must hold for all above, too.
 * @param {number} count
 * @param {(n: number) => boolean} holds
 */
export function lowest(count, holds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The box above or below: of the neighbouring row, the one whose middle is nearest.
 * @param {Layout} layout @param {number} index @param {1 | -1} step
 */
export function vertical(layout, index, step) {
  const { boxes, rows } = layout;
  const row = lowest(rows.length, (r) => (rows[r] ?? 0) > index) - 1;
  const next = row + step;
  const box = boxes[index];
  if (next < 0 || next >= rows.length || !box) return index;
  const middle = box.x + box.width / 2;
  let best = rows[next] ?? 0;
  for (let i = best; i < (rows[next + 1] ?? boxes.length); i++) {
    if (distance(boxes[i], middle) < distance(boxes[best], middle)) best = i;
  }
  return best;
}

/** @param {Box | undefined} box @param {number} x */
const distance = (box, x) => (box ? Math.abs(box.x + box.width / 2 - x) : Infinity);

/**
 * Columns and rows for `count` pictures of one shape that make them as large as can be.
 * @param {number} count @param {number} width @param {number} height @param {number} aspect
 * @returns {[number, number]}
 */
export function tiling(count, width, height, aspect) {
  let best = /** @type {[number, number]} */ ([1, count]);
  let most = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns, (height / rows) * aspect);
    if (size > most + 0.5) [most, best] = [size, [columns, rows]];
  }
  return best;
}

// Fingers and mouse on a picture: drag, pinch, swipe, wheel, tap.

/**
 * @typedef {{
 *   zoomed: () => boolean,
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x: number, y: number) => void,
 *   toggle: (x: number, y: number) => void,
 *   swipe: (step: 1 | -1) => void,
 * }} Deeds coordinates in CSS pixels of the element
 */

const MOVED = 5;
const SWIPED = 50;
const DOUBLE = 300;

/** @param {HTMLElement} element @param {Deeds} deeds */
export function follow(element, deeds) {
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  let [travelX, travelY, tapped, pinched] = [0, 0, 0, false];
  const at = (/** @type {{clientX: number, clientY: number}} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    down.set(event.pointerId, at(event));
    if (down.size === 1) [travelX, travelY, pinched] = [0, 0, false];
    else pinched = true;
  });
  element.addEventListener("pointermove", (event) => {
    const from = down.get(event.pointerId);
    if (!from) return;
    const to = at(event);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, to);
    if (other)
      return deeds.zoom(apart(to, other) / Math.max(1, apart(from, other)), (to.x + other.x) / 2, (to.y + other.y) / 2);
    travelX += to.x - from.x;
    travelY += to.y - from.y;
    if (Math.hypot(travelX, travelY) < MOVED) return undefined;
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    if (deeds.zoomed()) deeds.pan(to.x - from.x, to.y - from.y);
    return undefined;
  });
  const up = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId) || down.size || pinched || event.type === "pointercancel") return;
    const { x, y } = at(event);
    if (Math.hypot(travelX, travelY) >= MOVED) {
      if (!deeds.zoomed() && Math.abs(travelX) > SWIPED && Math.abs(travelX) > 1.5 * Math.abs(travelY))
        deeds.swipe(travelX < 0 ? 1 : -1);
    } else if (event.pointerType === "mouse") {
      deeds.toggle(x, y);
    } else if (event.timeStamp - tapped < DOUBLE) {
      tapped = 0;
      deeds.toggle(x, y);
    } else {
      tapped = event.timeStamp;
    }
  };
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = at(event);
      deeds.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.3, Math.abs(event.deltaY) / 300)), x, y);
    },
    { passive: false },
  );
}

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

// What of a picture is in sight: a view is kept in parts of the picture, so that it means the same in another frame.

/**
 * @typedef {{scale: number | null, x: number, y: number}} View
 *   `scale`: CSS pixels per photo pixel, null for the whole picture; `x`, `y`: 0..1, what is in the middle
 * @typedef {{width: number, height: number}} Size
 */

/** @type {View} */
export const WHOLE = Object.freeze({ scale: null, x: 0.5, y: 0.5 });

/**
 * The scale at which all of the picture is in sight; small pictures are not blown up.
 * @param {Size} photo
 * @param {Size} pane
 */
export function fitScale(photo, pane) {
  return Math.min(pane.width / photo.width, pane.height / photo.height, 1);
}

/**
 * One photo pixel on one screen pixel; twice that where the whole picture is as large already.
 * @param {Size} photo
 * @param {Size} pane
 * @param {number} density screen pixels per CSS pixel
 */
export function closeUp(photo, pane, density) {
  return fitScale(photo, pane) < 0.95 / density ? 1 / density : 2 / density;
}

/** @param {View} view @param {Size} photo @param {Size} pane */
export function scaleOf(view, photo, pane) {
  return view.scale === null ? fitScale(photo, pane) : Math.max(view.scale, fitScale(photo, pane));
}

/**
 * The same view without empty margins: the middle is kept where the picture still fills the pane.
 * @param {View} view @param {Size} photo @param {Size} pane @returns {View}
 */
export function bounded(view, photo, pane) {
  const scale = scaleOf(view, photo, pane);
  const within = (/** @type {number} */ value, /** @type {number} */ part) =>
    part >= 1 ? 0.5 : Math.min(1 - part / 2, Math.max(part / 2, value));
  return {
    scale: view.scale,
    x: within(view.x, pane.width / (photo.width * scale)),
    y: within(view.y, pane.height / (photo.height * scale)),
  };
}

/**
 * Where the picture lies in the pane, in CSS pixels.
 * @param {View} view @param {Size} photo @param {Size} pane
 */
export function placed(view, photo, pane) {
  const scale = scaleOf(view, photo, pane);
  const { x, y } = bounded(view, photo, pane);
  const width = photo.width * scale;
  const height = photo.height * scale;
  return { width, height, left: pane.width / 2 - x * width, top: pane.height / 2 - y * height, scale };
}

/**
 * Another scale with the point under (`px`, `py`) of the pane staying where it is.
 * @param {View} view @param {Size} photo @param {Size} pane @param {number} px @param {number} py @param {number} scale
 * @returns {View}
 */
export function zoomAt(view, photo, pane, px, py, scale) {
  const now = placed(view, photo, pane);
  if (scale <= fitScale(photo, pane) * 1.001) return WHOLE;
  const u = (px - now.left) / now.width;
  const v = (py - now.top) / now.height;
  return bounded(
    {
      scale,
      x: u + (pane.width / 2 - px) / (photo.width * scale),
      y: v + (pane.height / 2 - py) / (photo.height * scale),
    },
    photo,
    pane,
  );
}

/**
 * @param {View} view
 * @param {Size} photo
 * @param {Size} pane
 * @param {number} dx
 * @param {number} dy in CSS pixels
 * @returns {View}
 */
export function panned(view, photo, pane, dx, dy) {
  const now = placed(view, photo, pane);
  const from = bounded(view, photo, pane);
  return bounded({ scale: view.scale, x: from.x - dx / now.width, y: from.y - dy / now.height }, photo, pane);
}

/**
 * The view that a face fills by half; never beyond two screen pixels per photo pixel.
 * @param {[number, number, number, number]} box @param {Size} photo @param {Size} pane @param {number} density screen pixels per CSS pixel
 * @returns {View}
 */
export function faceView(box, photo, pane, density) {
  const [x, y, width, height] = box;
  const wished = Math.min(pane.width / width, pane.height / height) / 2;
  const scale = Math.max(fitScale(photo, pane), Math.min(wished, 2 / density));
  return { scale, x: (x + width / 2) / photo.width, y: (y + height / 2) / photo.height };
}

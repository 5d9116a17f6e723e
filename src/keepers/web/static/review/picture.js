// One photo in a pane: fitted or enlarged, with what keepers saw laid over it. The old picture stays until the new one is decoded.

import { overlay } from "./api.js";
import { make } from "./dom.js";
import * as images from "./images.js";
import * as zoom from "./zoom.js";

/**
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Face} Face
 * @typedef {{sharp: boolean, clipping: boolean, faces: boolean}} Layers
 */

const FIT = 2048;

export class Picture {
  /** @type {Row | null} what is wanted */
  row = null;
  /** @type {Row | null} what is in sight */
  shown = null;
  view = zoom.WHOLE;
  /** @type {Layers} */
  layers = { sharp: false, clipping: false, faces: false };
  /** @type {Face[]} */
  faces = [];
  /** @type {HTMLImageElement | null} */
  #img = null;
  #sheet = make("div", { class: "sheet" });
  #over = make("div", { class: "over" });
  #missing = make("p", { class: "missing", hidden: true });
  #size = { width: 1, height: 1 };

  /** @param {string} label */
  constructor(label) {
    this.element = make("div", { class: "pane", role: "img", "aria-label": label }, this.#sheet, this.#missing);
    this.#sheet.append(this.#over);
    new ResizeObserver(([entry]) => {
      if (!entry) return;
      this.#size = { width: Math.max(1, entry.contentRect.width), height: Math.max(1, entry.contentRect.height) };
      this.place();
    }).observe(this.element);
  }

  /** The size of the pane, read anew where it has just been put on the page. */
  get pane() {
    if (this.#size.width <= 1)
      this.#size = { width: Math.max(1, this.element.clientWidth), height: Math.max(1, this.element.clientHeight) };
    return this.#size;
  }

  get photo() {
    return { width: this.shown?.width || 3, height: this.shown?.height || 2 };
  }
  get zoomed() {
    return this.view.scale !== null;
  }

  /** Resolves once the photo is in sight, or another one was wanted meanwhile. @param {Row} row */
  async show(row) {
    this.row = row;
    const ready = images.fit.ready(row.id);
    if (ready) return this.#put(row, ready);
    if (row.error) return this.#fail(row, row.error);
    try {
      const img = await images.fit.get(row.id);
      if (this.row?.id === row.id) this.#put(row, img);
    } catch {
      if (this.row?.id === row.id) this.#fail(row, "The picture could not be fetched.");
    }
  }

  /** @param {Row} row @param {HTMLImageElement} img */
  #put(row, img) {
    if (this.shown?.id === row.id && this.#img) return;
    this.shown = row;
    this.#missing.hidden = true;
    this.#sheet.hidden = false;
    // Another pane may show the same element (a photo compared with itself in the loupe): it gets a copy.
    const own = img.isConnected ? /** @type {HTMLImageElement} */ (img.cloneNode()) : img;
    for (const old of [...this.#sheet.querySelectorAll("img.photo")]) old.remove();
    own.className = "photo";
    this.#sheet.prepend(own);
    this.#img = own;
    this.faces = [];
    this.element.dataset.pid = row.id;
    this.element.setAttribute("aria-label", row.name);
    this.#drawLayers();
    this.place();
  }

  /** @param {Row} row @param {string} sentence */
  #fail(row, sentence) {
    this.shown = row;
    this.element.dataset.pid = row.id;
    this.#sheet.hidden = true;
    this.#missing.hidden = false;
    this.#missing.textContent = sentence;
  }

  /** @param {zoom.View} view */
  look(view) {
    this.view = view;
    this.place();
  }

  place() {
    if (!this.shown) return;
    const at = zoom.placed(this.view, this.photo, this.pane);
    const { style } = this.#sheet;
    style.width = `${at.width}px`;
    style.height = `${at.height}px`;
    style.transform = `translate(${at.left}px, ${at.top}px)`;
    this.element.classList.toggle("zoomed", this.zoomed);
    // One photo pixel on one screen pixel or more: no smoothing that would hide what is sharp.
    this.element.classList.toggle("pixels", at.scale * devicePixelRatio >= 2);
    const needed = Math.max(at.width, at.height) * devicePixelRatio;
    if (this.zoomed && needed > FIT * 1.05 && Math.max(this.photo.width, this.photo.height) > FIT)
      void this.#sharpen(this.shown);
  }

  /** The photo's own pixels in place of the screen-sized picture, as soon as they are decoded. @param {Row} row */
  async #sharpen(row) {
    if (this.#img?.dataset.full === row.id) return;
    try {
      const img = await images.full.get(row.id);
      if (this.shown?.id !== row.id || !this.zoomed || this.#img?.dataset.full === row.id) return;
      const own = img.isConnected ? /** @type {HTMLImageElement} */ (img.cloneNode()) : img;
      own.dataset.full = row.id;
      own.className = "photo";
      this.#img?.after(own);
      const old = this.#img;
      this.#img = own;
      requestAnimationFrame(() => old?.remove());
    } catch {
      // The screen-sized picture stays.
    }
  }

  /** @param {Layers} layers */
  lay(layers) {
    this.layers = layers;
    this.#drawLayers();
  }

  /** @param {Face[]} faces */
  meet(faces) {
    this.faces = faces;
    this.#drawLayers();
  }

  #drawLayers() {
    this.#over.replaceChildren();
    if (!this.shown) return;
    for (const kind of /** @type {const} */ (["sharp", "clipping"])) {
      if (this.layers[kind])
        this.#over.append(
          make("img", { class: "layer", alt: "", src: overlay(this.shown.id, kind), draggable: "false" }),
        );
    }
    if (this.layers.faces) this.#over.append(...this.faces.map((face) => this.#frame(face)));
  }

  /** In few words, so that those of neighbours do not cover each other: the panel has them all. @param {Face} face */
  #frame(face) {
    const { width, height } = this.photo;
    const [x, y, w, h] = face.box;
    const state = face.eyes === "unknown" ? `eyes: ${face.eyes_unknown ?? "unknown"}` : `eyes ${face.eyes}`;
    const who = face.person === null ? "background" : `person ${face.person}`;
    const word = { open: "", closed: " · eyes closed", unknown: " · eyes ?" }[face.eyes] ?? "";
    const title = `${who} · ${state}${face.smile > 0.3 ? " · smiles" : ""}`;
    const frame = make("div", { class: `face eyes-${face.eyes}`, title }, make("span", {}, `${face.person ?? "–"}${word}`));
    frame.style.left = `${(100 * x) / width}%`;
    frame.style.top = `${(100 * y) / height}%`;
    frame.style.width = `${(100 * w) / width}%`;
    frame.style.height = `${(100 * h) / height}%`;
    return frame;
  }
}

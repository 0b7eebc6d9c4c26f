// Compare two pictures: the one that was pinned stays left of a handle, the chosen one lies right.

import { byId, el } from "./dom.js";

const { L } = window;

export class Swipe {
  constructor(map, service) {
    this.map = map;
    this.service = service;
    this.share = 0.5;
    this.layer = null;
    this.pane = map.createPane("pinned");
    this.pane.style.zIndex = "205";
    this.handle = el("div", {
      id: "swipe", class: "swipe", role: "slider", tabindex: "0", hidden: true,
      "aria-label": "Pinned picture left, chosen picture right", "aria-valuemin": "0", "aria-valuemax": "100",
      onkeydown: (event) => this.key(event), onpointerdown: (event) => this.grab(event),
    }, el("span", { class: "swipe-grip", "aria-hidden": "true", text: "‹ ›" }));
    byId("map").after(this.handle);
    map.on("move zoom resize viewreset", () => this.clip());
  }

  /** Show `query` (the parameters of the pinned tiles, "" for none given) or, with null, nothing. */
  set(query, format) {
    const address = query === null ? null : `${this.service.tiles}/{z}/{x}/{y}{r}.${format}${query ? `?${query}` : ""}`;
    if (address === (this.layer?.swathUrl ?? null)) return;
    this.layer?.remove();
    this.layer = null;
    if (address) {
      this.layer = L.tileLayer(address, { pane: "pinned", maxZoom: 24, keepBuffer: 2 }).addTo(this.map);
      this.layer.swathUrl = address;
    }
    this.handle.hidden = !address;
    this.clip();
  }

  clip() {
    const tiles = this.map.getPane("tilePane");
    if (!this.layer) {
      tiles.style.clipPath = "";
      return;
    }
    const size = this.map.getSize();
    const start = this.map.containerPointToLayerPoint([0, 0]);
    const middle = start.x + size.x * this.share;
    const end = start.add(size);
    const box = (left, right) => `polygon(${left}px ${start.y}px, ${right}px ${start.y}px, ${right}px ${end.y}px, ${left}px ${end.y}px)`;
    this.pane.style.clipPath = box(start.x, middle);
    tiles.style.clipPath = box(middle, end.x);
    this.handle.style.left = `${this.share * 100}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.share * 100)));
  }

  moveTo(share) {
    this.share = Math.min(Math.max(share, 0.02), 0.98);
    this.clip();
  }

  key(event) {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.moveTo(this.share + by);
  }

  grab(event) {
    event.preventDefault();
    this.handle.setPointerCapture(event.pointerId);
    const move = (moved) => this.moveTo(moved.clientX / this.map.getSize().x);
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener("pointerup", () => this.handle.removeEventListener("pointermove", move), { once: true });
  }
}

// The picture: tiles of the service. A change of settings fades in over what was there.

import { toast } from "./dom.js";

const { L } = window;

export class Imagery {
  constructor(map, service) {
    this.map = map;
    this.service = service;
    this.current = null;
    this.lastFailure = 0;
  }

  /** Show the tiles of `settings`; the old ones stay until the new ones are there. */
  show(settings) {
    const url = this.service.tileUrl(settings);
    if (this.current?.swathUrl === url) {
      this.current.setOpacity(settings.opacity / 100);
      return;
    }
    const previous = this.current;
    const layer = L.tileLayer(url, {
      opacity: settings.opacity / 100,
      maxZoom: 24,
      keepBuffer: 3,
      bounds: this.bounds(),
      zIndex: 2,
      className: "imagery",
    });
    layer.swathUrl = url;
    layer.on("tileerror", (event) => this.report(event.tile.src));
    this.current = layer.addTo(this.map);
    if (!previous) return;
    previous.setZIndex(1);
    const drop = () => {
      window.clearTimeout(timer);
      previous.remove();
    };
    const timer = window.setTimeout(drop, 4000);
    layer.once("load", () => window.setTimeout(drop, 220));
  }

  bounds() {
    const box = this.service.tilejson.bounds;
    if (!Array.isArray(box) || box.length !== 4 || box[0] > box[2]) return undefined;
    return L.latLngBounds([box[1], box[0]], [box[3], box[2]]);
  }

  /** Ask a failed tile again for its sentence; at most one a few seconds. */
  async report(address) {
    const now = Date.now();
    if (now - this.lastFailure < 5000) return;
    this.lastFailure = now;
    let text = "Tiles could not be loaded.";
    try {
      const response = await fetch(address);
      if (response.ok) return;
      text = `Tiles could not be loaded (${response.status}).`;
      const body = await response.json();
      text = body.error?.message ?? body.detail ?? body.message ?? text;
    } catch (error) {
      if (error instanceof TypeError) text = "The server cannot be reached.";
    }
    toast(text, "error");
  }
}

// A click asks what is there: the samples, and the rasters that lie under the place, topmost first.

import { dateText, dot, el } from "./dom.js";

const { L } = window;

export class Identify {
  constructor(map, service, footprints, actions) {
    this.map = map;
    this.service = service;
    this.footprints = footprints;
    this.actions = actions;
    this.abort = null;
    this.popup = L.popup({ className: "identify", maxWidth: 340, minWidth: 240, autoPanPadding: [24, 24] });
    this.popup.options.autoPanPaddingTopLeft = window.innerWidth > 720 ? [356, 24] : [12, 84];
    this.popup.on("remove", () => this.abort?.abort());
    map.on("click", (event) => this.at(event.latlng));
  }

  async at(latlng) {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const box = el("div", { class: "identify-box" }, this.place(latlng), el("p", { class: "soft", text: "Asking…" }));
    this.popup.setLatLng(latlng).setContent(box).openOn(this.map);
    const point = L.CRS.EPSG3857.project(latlng.wrap());
    const resolution = 40075016.68557849 / 256 / 2 ** this.map.getZoom();
    try {
      const answer = await this.service.identify(point, resolution, this.actions.settings(), abort.signal);
      box.replaceChildren(this.place(latlng), ...this.content(answer));
    } catch (error) {
      if (error.name === "AbortError") return;
      box.replaceChildren(this.place(latlng), el("p", { class: "bad", text: error.message }));
    }
    this.popup.update();
  }

  place(latlng) {
    const { lat, lng } = latlng.wrap();
    return el("p", { class: "place mono", text: `${lat.toFixed(5)}°, ${lng.toFixed(5)}°` });
  }

  content(answer) {
    return [this.samples(answer.value), this.items(answer)].filter(Boolean);
  }

  samples(value) {
    if (!value || /^nodata$/i.test(value)) return el("p", { text: "No data here." });
    const names = this.service.info.bandNames ?? [];
    const rows = value.split(",").map((text, index) =>
      el("tr", {},
        el("th", { scope: "row", text: names[index] ?? `Band ${index + 1}` }),
        el("td", { class: "mono", text: text.trim() })));
    return el("table", { class: "samples" }, el("tbody", {}, ...rows));
  }

  items(answer) {
    const features = answer.catalogItems?.features ?? [];
    if (features.length === 0) return null;
    const values = answer.properties?.Values ?? [];
    const shares = answer.catalogItemVisibilities ?? [];
    const rows = features.map((feature, index) => this.item(feature.attributes, values[index], shares[index]));
    return el("div", {},
      el("h3", { text: features.length === 1 ? "One raster here" : `${features.length} rasters here, topmost first` }),
      el("ol", { class: "items" }, ...rows));
  }

  item(attributes, value, share) {
    const id = attributes[this.service.idField];
    const time = attributes[this.service.timeField];
    const facts = [Number.isFinite(time) ? dateText(time) : null, value, share > 0 ? "shown" : null].filter(Boolean);
    const row = el("li", { class: share > 0 ? "shown" : "" },
      dot(id),
      el("span", { class: "item-text" },
        el("strong", { text: attributes.Name ?? `OBJECTID ${id}` }),
        el("span", { class: "soft", text: facts.join(" · ") })),
      el("button", { type: "button", class: "linklike", text: "Lock", title: "Show this raster alone", onclick: () => this.actions.lock([id]) }));
    row.addEventListener("mouseenter", () => this.footprints.highlight(id));
    row.addEventListener("mouseleave", () => this.footprints.highlight(null));
    return row;
  }
}

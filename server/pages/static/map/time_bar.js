// The time slider, where rasters have dates: a bar per date, a window that can be played.

import { byId, dateText, el, svg, toast } from "./dom.js";

const DAY = 86400000;
const PAGE = 1000;
const MOST = 5000;

const WINDOWS = [
  ["date", "one date"],
  ["week", "a week"],
  ["month", "a month"],
  ["quarter", "three months"],
  ["until", "everything until"],
];
const SPANS = { week: 7 * DAY, month: 30 * DAY, quarter: 91 * DAY };

export class TimeBar {
  constructor(service, settings, onChange) {
    this.service = service;
    this.onChange = onChange;
    this.box = byId("time");
    this.dates = [];
    this.position = 0;
    this.timer = 0;
    this.build();
    this.load(settings);
  }

  get available() {
    return this.dates.length > 1;
  }

  build() {
    this.play = el("button", { type: "button", class: "icon", "aria-pressed": "false", title: "Play (space)", onclick: () => this.togglePlay() },
      svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: "M6 4l10 6-10 6z" })),
      el("span", { class: "visually-hidden", text: "Play" }));
    this.span = el("select", { "aria-label": "Show", onchange: () => this.emit() }, ...WINDOWS.map(([value, text]) => el("option", { value, text })));
    this.slider = el("input", { type: "range", min: "0", max: "0", step: "1", "aria-label": "Date", oninput: () => this.moveTo(Number(this.slider.value)) });
    this.bars = svg("svg", { class: "bars", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.label = el("output", { class: "mono time-label" });
    this.all = el("button", { type: "button", class: "pill", text: this.service.info.hasMultidimensions ? "First date" : "All dates", "aria-pressed": "true", onclick: () => this.release() });
    this.box.replaceChildren(
      el("div", { class: "time-head" }, this.all, this.span, this.label),
      el("div", { class: "time-row" }, this.play, el("div", { class: "time-track" }, this.bars, this.slider)));
  }

  /** Learn the dates from the catalog, page by page. */
  async load(settings) {
    const counts = new Map();
    const common = { f: "json", outFields: this.service.timeField, returnGeometry: "false", orderByFields: this.service.timeField, resultRecordCount: String(PAGE) };
    common.where = this.service.fields.some((f) => f.name === "Category") ? "Category = 1" : "1=1";
    try {
      for (let offset = 0; offset < MOST; offset += PAGE) {
        const page = await this.service.query({ ...common, resultOffset: String(offset) });
        for (const feature of page.features) {
          const time = feature.attributes[this.service.timeField];
          if (Number.isFinite(time)) counts.set(time, (counts.get(time) ?? 0) + 1);
        }
        if (!page.exceededTransferLimit && page.features.length < PAGE) break;
      }
    } catch (error) {
      toast(`Dates: ${error.message}`, "error");
      return;
    }
    this.dates = [...counts.keys()].sort((a, b) => a - b);
    this.counts = this.dates.map((date) => counts.get(date));
    if (!this.available) return;
    this.slider.max = String(this.dates.length - 1);
    this.drawBars();
    this.restore(settings.time);
    this.box.hidden = false;
    document.body.classList.add("has-time");
  }

  /** Take up a window from the address bar. */
  restore(time) {
    this.active = time !== null;
    this.position = this.dates.length - 1;
    if (time) {
      const last = this.dates.findLastIndex((date) => date <= time.end);
      this.position = Math.max(last, 0);
      const length = time.end - time.start;
      if (time.start <= this.dates[0]) this.span.value = "until";
      else this.span.value = Object.entries(SPANS).find(([, span]) => Math.abs(span - length) < 1000)?.[0] ?? "date";
    }
    this.slider.value = String(this.position);
    this.show();
  }

  drawBars() {
    const most = Math.max(...this.counts);
    this.bars.setAttribute("viewBox", `0 0 ${this.dates.length} 10`);
    this.bars.replaceChildren(...this.counts.map((count, index) => {
      const height = 1.5 + (8.5 * count) / most;
      return svg("rect", { x: index + 0.15, y: 10 - height, width: 0.7, height });
    }));
  }

  window() {
    const date = this.dates[this.position];
    if (this.span.value === "until") return { start: this.dates[0], end: date };
    const span = SPANS[this.span.value] ?? 0;
    return { start: date - span, end: date };
  }

  moveTo(position) {
    this.position = Math.min(Math.max(position, 0), this.dates.length - 1);
    this.slider.value = String(this.position);
    this.active = true;
    this.emit();
  }

  step(by) {
    if (this.available) this.moveTo((this.position + by + this.dates.length) % this.dates.length);
  }

  release() {
    this.stop();
    this.active = false;
    this.emit();
  }

  emit() {
    this.show();
    this.onChange({ time: this.active ? this.window() : null });
  }

  show() {
    const { start, end } = this.window();
    const [first, last] = this.active ? [start, end] : [this.dates[0], this.service.info.hasMultidimensions ? this.dates[0] : this.dates.at(-1)];
    this.label.textContent = first === last ? dateText(first) : `${dateText(first)} – ${dateText(last)}`;
    this.all.setAttribute("aria-pressed", String(!this.active));
    [...this.bars.children].forEach((bar, index) => {
      bar.classList.toggle("on", this.dates[index] >= first && this.dates[index] <= last);
    });
  }

  togglePlay() {
    if (this.timer) this.stop();
    else if (this.available) {
      this.timer = window.setInterval(() => this.step(1), 1400);
      this.play.setAttribute("aria-pressed", "true");
      this.step(1);
    }
  }

  stop() {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.play.setAttribute("aria-pressed", "false");
  }
}

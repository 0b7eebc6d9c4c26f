// Why this picture: which rasters, in what order, how each is read, and what each stage of a tile costs.

import { byId, dot, el, lengthText } from "./dom.js";
import { errorText, stepsOf } from "./operation.js";

const { L } = window;

const STAGE_WORDS = {
  queue: "waiting for a free instance",
  plan: "choosing and ordering rasters",
  locate: "placing output pixels in the rasters",
  grid: "placing output pixels in the rasters",
  fetch: "reading and decoding blocks",
  blocks: "reading and decoding blocks",
  sample: "sampling and mosaicking",
  render: "sampling and mosaicking",
  chain: "raster functions",
  picture: "stretching samples into a picture",
  encode: "writing the tile",
};

const SHOWN = 60;

function milliseconds(value) {
  return value === null ? "–" : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

function bytes(value) {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(value / 1e3))} kB`;
}

export class Explain {
  constructor(map, service, timings, footprints, actions) {
    this.map = map;
    this.service = service;
    this.timings = timings;
    this.footprints = footprints;
    this.actions = actions;
    this.box = byId("explain");
    this.shown = false;
    this.abort = null;
    this.plan = el("div", { class: "plan" });
    this.stages = el("div", { class: "stages" });
    this.box.replaceChildren(
      el("header", { class: "sheet-head" },
        el("h2", { text: "Why this picture?" }),
        el("button", { type: "button", class: "icon", title: "Close (E)", onclick: () => actions.close() },
          el("span", { "aria-hidden": "true", text: "×" }), el("span", { class: "visually-hidden", text: "Close" }))),
      el("div", { class: "sheet-body" }, this.stages, this.plan));
    timings.addEventListener("change", () => { if (this.shown) this.drawStages(); });
    map.on("moveend", () => this.refresh());
  }

  set(shown) {
    this.shown = shown;
    this.box.hidden = !shown;
    if (shown) {
      this.drawStages();
      this.refresh();
    } else this.abort?.abort();
  }

  async refresh() {
    if (!this.shown) return;
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const box = this.map.getBounds();
    const south = L.CRS.EPSG3857.project(box.getSouthWest());
    const north = L.CRS.EPSG3857.project(box.getNorthEast());
    const view = this.map.getSize();
    const most = Math.min(this.service.info.maxImageWidth ?? 4096, this.service.info.maxImageHeight ?? 4096);
    const scale = Math.min(1, most / Math.max(view.x, view.y));
    const size = { x: Math.max(1, Math.round(view.x * scale)), y: Math.max(1, Math.round(view.y * scale)) };
    try {
      const answer = await this.service.explain(L.bounds(south, north), size, this.actions.settings(), abort.signal);
      this.drawPlan(answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.plan.replaceChildren(el("p", { class: "bad", text: error.message }));
    }
  }

  drawStages() {
    const { tiles, fromCache, fromServerCache, wait, server, stages } = this.timings.summary();
    if (tiles === 0) {
      this.stages.replaceChildren(el("p", { class: "soft", text: "Move the map: each new tile is timed." }));
      return;
    }
    const total = stages.reduce((sum, [, ms]) => sum + ms, 0) || 1;
    const bar = el("div", { class: "stage-bar", role: "img", "aria-label": "Time of each stage" });
    const legend = el("dl", { class: "stage-list" });
    stages.forEach(([name, ms], index) => {
      const part = el("span", { class: `stage stage-${index % 8}`, title: `${name}: ${milliseconds(ms)}` });
      part.style.flexGrow = String(Math.max(ms / total, 0.004));
      bar.append(part);
      legend.append(
        el("dt", {}, el("span", { class: `key stage-${index % 8}`, "aria-hidden": "true" }), el("strong", { text: name }), el("span", { class: "soft", text: STAGE_WORDS[name] ? ` ${STAGE_WORDS[name]}` : "" })),
        el("dd", { class: "mono", text: milliseconds(ms) }));
    });
    const lead = server === null
      ? `A tile arrives in ${milliseconds(wait)}.`
      : `A tile is ${milliseconds(server)} of work${wait === null ? "" : ` and arrives in ${milliseconds(wait)}`}.`;
    const counted = [
      `Medians of the latest tiles; ${tiles} so far`,
      fromServerCache > 0 ? `${fromServerCache} of the latest from the server's cache` : null,
      fromCache > 0 ? `${fromCache} from this browser's` : null,
    ].filter(Boolean).join(", ");
    this.stages.replaceChildren(el("p", { class: "lead", text: lead }), stages.length > 0 ? bar : "", legend, el("p", { class: "soft", text: `${counted}.` }));
  }

  drawPlan(plan) {
    const rasters = plan.rasters ?? [];
    const count = rasters.length === 1 ? "One raster makes" : `${rasters.length} rasters make`;
    const sentence = rasters.length === 0
      ? "No raster lies in this view at this scale."
      : `${count} this view of ${plan.width} × ${plan.height} pixels, ordered by ${plan.method || "the catalog"} and merged by ${plan.operator}.`;
    const rows = rasters.slice(0, SHOWN).map((raster, index) => this.raster(raster, index));
    const facts = [
      plan.considered > rasters.length ? `${plan.considered} considered` : null,
      ...(plan.left_out ?? []).map(([reason, number]) => `${number} left out: ${reason}`),
      plan.cost_px > 0 ? `${(plan.cost_px / 1e6).toFixed(2)} Mpx to sample` : null,
      plan.cost_bytes > 0 ? `${bytes(plan.cost_bytes)} of blocks` : null,
      plan.plan_ms > 0 ? `planned in ${milliseconds(plan.plan_ms)}` : null,
    ].filter(Boolean);
    const chain = (plan.chain ?? []).length > 0 ? el("p", { class: "chain" }, ...plan.chain.map((step) => el("span", { text: step }))) : null;
    this.plan.replaceChildren(...[
      el("p", { class: "lead", text: sentence }),
      el("p", { class: "soft", text: facts.join(" · ") }),
      chain,
      ...(plan.notes ?? []).map((note) => el("p", { class: "note-line", text: note })),
      el("ol", { class: "rasters" }, ...rows),
      rasters.length > SHOWN ? el("p", { class: "soft", text: `and ${rasters.length - SHOWN} more` }) : null,
    ].filter(Boolean));
  }

  raster(raster, index) {
    const steps = stepsOf(raster.operation);
    const level = raster.level === 0 ? "full resolution" : `pyramid level ${raster.level}`;
    const facts = [
      `${level}${raster.ratio > 0 ? ` at ${raster.ratio.toFixed(2)} px per px` : ""}`,
      raster.window ? `${raster.window[2]} × ${raster.window[3]} px` : null,
      raster.blocks > 0 ? `${raster.blocks} block${raster.blocks === 1 ? "" : "s"}` : null,
      raster.grid_step_px > 0 ? `grid ${raster.grid_step_px} px, error ${errorText(raster.grid_error_px)}` : null,
      steps ? `${steps.sensor} over ${steps.terrain}` : null,
      raster.no_terrain_px > 0 ? `${raster.no_terrain_px} px without terrain` : null,
    ].filter(Boolean);
    const row = el("li", {},
      el("span", { class: "rank mono", text: String(index + 1) }),
      dot(raster.id),
      el("span", { class: "item-text" },
        el("strong", { text: raster.name || `#${raster.id}` }),
        raster.category === 2 ? el("span", { class: "tag", text: "overview" }) : null,
        el("span", { class: "soft", text: facts.join(" · ") }),
        raster.why ? el("span", { class: "soft why", text: raster.why }) : null),
      this.service.hasCatalog
        ? el("button", { type: "button", class: "linklike", text: "Lock", title: "Show this raster alone", onclick: () => this.actions.lock([raster.id]) })
        : "");
    row.addEventListener("mouseenter", () => this.footprints?.highlight(raster.id));
    row.addEventListener("mouseleave", () => this.footprints?.highlight(null));
    return row;
  }
}

/** A phrase for the status line: how much ground one screen pixel covers here. */
export function groundSize(map) {
  const lat = map.getCenter().lat;
  const metres = (40075016.68557849 * Math.cos((lat * Math.PI) / 180)) / 256 / 2 ** map.getZoom();
  return `${lengthText(metres)}/px`;
}

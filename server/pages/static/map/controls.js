// The panel: how rasters are ordered, merged and pictured. Every control is a native form element.

import { el } from "./dom.js";

const METHOD_WORDS = {
  NorthWest: "North-west first",
  Center: "Closest to the centre",
  Nadir: "Closest to nadir",
  Viewpoint: "Closest to a viewpoint",
  ByAttribute: "By an attribute",
  LockRaster: "Chosen rasters only",
  Seamline: "By seamlines",
  None: "As catalogued",
};
const OPERATORS = ["First", "Last", "Min", "Max", "Mean", "Blend", "Sum"];
const OPERATOR_WORDS = { First: "First on top", Last: "Last on top", Min: "Minimum", Max: "Maximum", Mean: "Mean", Blend: "Blend", Sum: "Sum" };
const INTERPOLATIONS = [
  ["", "Service default"],
  ["RSP_NearestNeighbor", "Nearest"],
  ["RSP_BilinearInterpolation", "Bilinear"],
  ["RSP_CubicConvolution", "Cubic"],
  ["RSP_Majority", "Majority"],
];
const STRETCHES = [
  ["", "Service default"],
  ["none", "None: samples as they are"],
  ["clip", "Percent clip 0.5–0.5"],
  ["minmax", "Minimum–maximum"],
  ["deviation", "2 standard deviations"],
];

/** The short name of a method, whatever spelling the service uses: Northwest, esriMosaicAttribute. */
function shortMethod(name) {
  const plain = (name ?? "").replace(/^esriMosaic/i, "").toLowerCase();
  return Object.keys(METHOD_WORDS).find((known) => [plain, `by${plain}`].includes(known.toLowerCase()));
}

/** Band combinations worth offering: natural colour, false colours where infrared is known, single bands. */
export function bandChoices(names) {
  const find = (pattern) => names.findIndex((name) => pattern.test(name));
  const [red, green, blue, nir] = [/\bred\b(?!.*edge)/i, /green/i, /blue/i, /\b(nir|near.?infrared|infrared)\b/i].map(find);
  const choices = [["", "Service default"]];
  if (names.length < 2) return choices;
  if (nir >= 0 && red >= 0 && green >= 0) choices.push([`${nir},${red},${green}`, "Infrared: vegetation red"]);
  if (nir >= 0 && red >= 0 && blue >= 0) choices.push([`${red},${nir},${blue}`, "Vegetation green"]);
  names.forEach((name, index) => choices.push([`${index}`, `${name} alone`]));
  return choices;
}

function options(pairs) {
  return pairs.map(([value, text]) => el("option", { value, text }));
}

function field(label, control) {
  return el("label", { class: "field" }, el("span", { text: label }), control);
}

export class Controls {
  /** @param onChange called with the keys that changed: {method: "Center"} */
  constructor(form, service, settings, onChange) {
    this.form = form;
    this.service = service;
    this.onChange = onChange;
    this.inputs = {};
    form.addEventListener("submit", (event) => event.preventDefault());
    form.replaceChildren(...this.build());
    this.update(settings);
  }

  build() {
    const groups = [];
    if (this.service.hasCatalog) groups.push(this.mosaicGroup());
    groups.push(this.pictureGroup(), this.overlayGroup());
    return groups;
  }

  select(key, pairs) {
    const input = el("select", { name: key, onchange: () => this.onChange({ [key]: input.value }) }, ...options(pairs));
    this.inputs[key] = input;
    return input;
  }

  toggle(key, label, hint) {
    const input = el("input", { type: "checkbox", name: key, onchange: () => this.onChange({ [key]: input.checked }) });
    this.inputs[key] = input;
    const note = el("span", { class: "soft note" });
    this.inputs[`${key}Note`] = note;
    return el("label", { class: "toggle", title: hint }, input, el("span", { text: label }), note);
  }

  mosaicGroup() {
    const { info } = this.service;
    const offered = (info.allowedMosaicMethods ?? "NorthWest,Center,ByAttribute,LockRaster,None").split(",").map((name) => shortMethod(name.trim()));
    // A viewpoint needs a place to be chosen; the map offers the centre methods instead.
    const methods = offered.filter((name) => name && !["Viewpoint", "LockRaster"].includes(name));
    const usual = METHOD_WORDS[shortMethod(info.defaultMosaicMethod)] ?? "service default";
    const methodPairs = [["", `Default: ${usual.toLowerCase()}`], ...methods.map((name) => [name, METHOD_WORDS[name]])];
    if (offered.includes("LockRaster")) methodPairs.push(["LockRaster", METHOD_WORDS.LockRaster]);
    const sortable = this.service.fields.filter((f) => f.type !== "esriFieldTypeOID");
    const best = this.service.timeField ?? sortable[0]?.name ?? "";
    this.bestField = best;
    this.attributeRow = el("div", { class: "subfields" },
      field("Field", this.select("sortField", sortable.map((f) => [f.name, f.alias || f.name]))),
      field("Nearest to", this.textInput("sortValue", info.sortValue ? `${info.sortValue} (default)` : "any value: smallest first")),
      field("Order", this.select("ascending", [["true", "Ascending"], ["false", "Descending"]])));
    this.inputs.ascending.onchange = null;
    this.inputs.ascending.addEventListener("change", () => this.onChange({ ascending: this.inputs.ascending.value === "true" }));
    this.lockRow = el("p", { class: "soft subfields" });
    const operator = (info.mosaicOperator ?? "").replace(/^MT_/i, "").toLowerCase();
    this.defaultOperator = OPERATORS.find((name) => name.toLowerCase() === operator) ?? "First";
    return el("fieldset", {},
      el("legend", { text: "Mosaic" }),
      field("Order", this.select("method", methodPairs)),
      this.attributeRow,
      this.lockRow,
      this.operatorChoice());
  }

  operatorChoice() {
    const buttons = OPERATORS.map((name) => {
      const input = el("input", { type: "radio", name: "operator", value: name, onchange: () => this.onChange({ operator: name === this.defaultOperator ? "" : name }) });
      this.inputs[`operator${name}`] = input;
      return el("label", { title: OPERATOR_WORDS[name] }, input, el("span", { text: name }));
    });
    return el("div", { class: "field" },
      el("span", { id: "operator-label", text: "Where they overlap" }),
      el("div", { class: "segments", role: "radiogroup", "aria-labelledby": "operator-label" }, ...buttons));
  }

  textInput(key, placeholder) {
    const input = el("input", { type: "text", name: key, placeholder, maxlength: "60", onchange: () => this.onChange({ [key]: input.value.trim() }) });
    this.inputs[key] = input;
    return input;
  }

  pictureGroup() {
    const names = this.service.info.bandNames ?? [];
    const group = el("fieldset", {}, el("legend", { text: "Picture" }));
    const { products } = this.service;
    if (products.length > 0) {
      const pairs = products.map((template) => [template.name, template.name]);
      const choice = this.select("product", [["", "None: the picture itself"], ...pairs]);
      products.forEach((template, index) => { choice.options[index + 1].title = template.description; });
      group.append(field("Product", choice));
    }
    if (names.length > 1) group.append(field("Bands", this.select("bands", bandChoices(names))));
    const opacity = el("input", { type: "range", min: "0", max: "100", step: "5", name: "opacity", oninput: () => this.onChange({ opacity: Number(opacity.value) }) });
    this.inputs.opacity = opacity;
    group.append(
      field("Stretch", this.select("stretch", STRETCHES)),
      field("Interpolation", this.select("interpolation", INTERPOLATIONS)),
      field("Tiles", this.select("format", [["png", "PNG, transparent beside the data"], ["webp", "WebP"], ["jpg", "JPEG, smallest"]])),
      field("Opacity", opacity));
    return group;
  }

  overlayGroup() {
    const group = el("fieldset", { class: "toggles" }, el("legend", { text: "Over the picture" }));
    if (this.service.hasCatalog) group.append(this.toggle("footprints", "Footprints", "Outlines of the rasters (F)"));
    group.append(this.toggle("swipe", "Swipe", "Pin this picture to the left, then change the settings to compare (S)"));
    group.append(this.toggle("grid", "Grid", "Meridians and parallels above the picture (G)"));
    return group;
  }

  note(key, text) {
    const place = this.inputs[`${key}Note`];
    if (place) place.textContent = text;
  }

  /** Show `settings` in the controls. */
  update(settings) {
    for (const [key, input] of Object.entries(this.inputs)) {
      if (key === "swipe") input.checked = settings.against !== null;
      else if (input.type === "checkbox") input.checked = settings[key];
      else if (key === "ascending") input.value = String(settings.ascending);
      else if (key in settings && "value" in input) input.value = String(settings[key]);
    }
    if (this.inputs.bands) this.inputs.bands.disabled = settings.product !== "";
    const operator = this.inputs[`operator${settings.operator || this.defaultOperator}`];
    if (operator) operator.checked = true;
    if (!this.attributeRow) return;
    this.attributeRow.hidden = settings.method !== "ByAttribute";
    this.lockRow.hidden = settings.method !== "LockRaster";
    this.lockRow.textContent = settings.lockIds.length > 0
      ? `Locked to ${settings.lockIds.map((id) => `#${id}`).join(", ")}. Choose another order to release.`
      : "Click the map and press Lock on a raster.";
  }
}
